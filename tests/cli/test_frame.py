"""The frame: help without imports, errors as one sentence, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cir_bench import __version__
from cir_bench.cli import app
from cir_bench.errors import RunError

HEAVY = ("torch", "open_clip", "timm", "datasets", "PIL", "rich", "typer", "pydantic", "numpy")


def fresh(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def seconds(*words: str) -> float:
    """Of the processor: what else the machine does adds nothing."""
    before = os.times()
    assert fresh(*words).returncode == 0
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_help_takes_less_than_three_tenths_of_a_second():
    assert min(seconds("-m", "cir_bench", "--help") for _ in range(3)) < 0.3


def test_help_imports_nothing_heavy():
    code = (
        f"import sys; from cir_bench.cli import main; main(['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    )
    assert fresh("-c", code).stdout.splitlines()[-1] == "[]"


def test_ls_and_show_import_no_torch():
    code = (
        "import sys; from cir_bench.cli import main; main(['ls', '--no-plugins']); "
        "main(['show', 'batch-classification', '--no-plugins']); print('torch' in sys.modules)"
    )
    assert fresh("-c", code).stdout.splitlines()[-1] == "False"


def test_the_module_is_the_command():
    done = fresh("-m", "cir_bench", "--version")
    assert done.stdout.strip() == f"cir-bench {__version__}"


def test_help_lists_every_verb(run):
    done = run("--help")
    assert done.code == 0
    assert all(f"  {verb} " in done.out for verb in app.VERBS)
    assert run().out == done.out


@pytest.mark.parametrize("verb", app.VERBS)
def test_every_verb_has_help(run, verb):
    done = run(verb, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: cir-bench {verb} ")


@pytest.mark.parametrize(
    "words",
    [
        *([verb] for verb in app.VERBS if verb not in ("data", "leaderboard", "compare", "completion")),
        ["data", "verify"],
    ],
)
def test_every_verb_that_opens_plugins_has_the_shared_options(run, words):
    done = run(*words, "--help")
    assert all(option in done.out for option in ("--plugin", "--no-plugins", "--data-root", "--cache-dir"))


def test_an_unknown_verb_tells_the_nearest(run):
    done = run("leaderbord")
    assert done == (2, "", "cir-bench: there is no verb 'leaderbord'; did you mean 'leaderboard'?\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data-root", "my data", "ls", "--json"], "write cir-bench ls --data-root 'my data' --json"),
        (["--no-plugins"], "write cir-bench VERB --no-plugins"),
    ],
)
def test_with_an_option_before_the_verb_the_right_command_is_told(run, words, told):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_word_too_many_is_a_mistake(run):
    done = run("doctor", "sum")
    assert (done.code, done.err) == (2, "cir-bench: doctor has no use for 'sum'; see cir-bench doctor --help.\n")


@pytest.mark.parametrize("verb", ["leaderboard", "report"])
def test_a_folder_of_records_is_given_with_its_option(run, tmp_path, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    done = run(verb, "runs")
    assert (done.code, done.err) == (2, f"cir-bench: {verb} has no use for 'runs'; write --records runs.\n")
    done = run(verb, "run")
    assert done.err.endswith(f"see cir-bench {verb} --help.\n")


def test_an_unknown_option_is_a_mistake(run):
    done = run("ls", "--jsn")
    assert done.code == 2
    assert "--jsn" in done.err


@pytest.fixture
def failing(monkeypatch):
    """A verb that raises what it is told to."""

    def put(error):
        def fail():
            raise error

        monkeypatch.setattr(app, "_command", lambda verb: lambda words, prog_name: fail())

    return put


def test_a_mistake_is_one_sentence_without_traceback(run, failing):
    failing(RunError("the cell cannot be trained; do this."))
    assert run("ls") == (2, "", "cir-bench: the cell cannot be trained; do this.\n")


def test_debug_shows_the_traceback(run, failing, monkeypatch):
    failing(RunError("the cell cannot be trained"))
    monkeypatch.setenv("CIR_BENCH_DEBUG", "1")
    with pytest.raises(RunError):
        run("ls")


def test_a_bug_keeps_its_traceback(run, failing):
    failing(ZeroDivisionError("division by zero"))
    with pytest.raises(ZeroDivisionError):
        run("ls")
    done = fresh("-c", "from cir_bench.cli import app; app._run = lambda words: 1 / 0; app.main(['ls'])")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotADirectoryError(20, "Not a directory", "runs/x"), "runs/x: Not a directory; correct the path"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied; correct the path"),
        (OSError(28, "No space left on device"), "No space left on device; correct the path"),
    ],
)
def test_a_path_that_cannot_be_used_is_a_mistake_not_a_bug(run, failing, monkeypatch, error, told):
    failing(error)
    done = run("ls")
    assert done.code == 2 and done.err.startswith(f"cir-bench: {told}") and done.err.count("\n") == 1
    monkeypatch.setenv("CIR_BENCH_DEBUG", "1")
    with pytest.raises(type(error)):
        run("ls")


def test_other_errors_of_the_system_are_bugs(run, failing):
    failing(OSError(9, "Bad file descriptor"))
    with pytest.raises(OSError, match="Bad file"):
        run("ls")
