"""``cir-bench serve`` as a program: it prints its address, answers, and ends at Ctrl-C; mistakes are one sentence."""

import os
import re
import signal
import subprocess
import sys

import httpx2
import pytest

pytest.importorskip("torch")
pytest.importorskip("starlette", reason="the server needs starlette, of .[serve]")


def test_it_says_where_it_is_and_ends_at_ctrl_c(indexes, tmp_path):
    words = ["serve", *map(str, indexes), "--port", "0", "--feedback", str(tmp_path / "f"), "--device", "cpu"]
    one = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "CIR_BENCH_CACHE": str(tmp_path),
        "CIR_BENCH_TOKEN": "0123456789abcdef",
    }
    command = [sys.executable, "-m", "cir_bench", *words, "--no-plugins"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=one, text=True) as process:
        line = process.stdout.readline()
        url = re.fullmatch(r"14 images: open (http://127\.0\.0\.1:\d+/\?token=0123456789abcdef) \(.*\)\n", line)[1]
        with httpx2.Client(follow_redirects=True, trust_env=False) as client:
            assert client.get(url.partition("?")[0]).status_code == 401
            assert "Search photos" in client.get(url).text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip(), err) == (0, "", "")
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("{0}", "{1}", "{0}"), "at most two"),
        (("{0}", "--token", "short"), "at least 16 characters"),
        (("{0}", "--host", "192.0.2.1"), "port 8765 cannot be used"),
        (("{tmp}",), "is not an index"),
        (("{0}", "--feedback", "{tmp}/feedback"), "name another folder with --feedback"),
    ],
)
def test_mistakes_are_one_sentence(command, indexes, tmp_path, words, said):
    filled = [word.format(*indexes, tmp=tmp_path) for word in words]
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback" / "triplets.jsonl").write_text("not JSON\n")
    code, out, err = command("serve", *filled)
    assert (code, out) == (2, "")
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("host", "given", "needed"),
    [("127.0.0.1", None, False), ("localhost", None, False), ("::1", None, False), ("0.0.0.0", None, True)],
)
def test_a_token_is_made_up_where_others_can_reach_it(host, given, needed):
    from cir_bench.search.serve.run import Address

    policies = [Address(host, token=given).policy() for _ in range(2)]
    assert all(policy.local != needed for policy in policies)
    tokens = {policy.token for policy in policies}
    assert all(len(token) >= 32 for token in tokens) and len(tokens) == 2 if needed else tokens == {""}


def test_without_the_extra_it_says_what_to_install(command, indexes, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("cir_bench.search.serve", "starlette"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    code, _, err = command("serve", indexes[0])
    assert code == 2
    assert 'pip install "cir-bench[serve]"' in err and err.count("\n") == 1
