"""The pytest plugin: fixtures for authors, and nothing for anybody else."""

import re
import subprocess
import sys

from cir_bench import FeatureLevel, Needs, levels

HEAVY = {"torch", "numpy", "pydantic", "typer", "datasets", "open_clip", "PIL", "yaml"}
FIXTURES = ["cir_bench_cli", "cir_bench_features", "cir_bench_run"]


def test_loading_it_imports_nothing_but_pytest():
    load = "import pytest, sys; before = set(sys.modules); import cir_bench.pytest_plugin"
    code = f"{load}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    ours = {"cir_bench", "cir_bench.pytest_plugin", "cir_bench.utils", "cir_bench.utils.lazy"}
    assert set(done.stdout.split()) == ours


def test_a_pytest_that_has_nothing_to_do_with_cir_bench_loads_no_torch(tmp_path):
    test = "import sys\n\ndef test_light():\n    assert not {%s} & set(sys.modules)\n"
    (tmp_path / "test_other.py").write_text(test % ", ".join(map(repr, sorted(HEAVY - {"numpy", "yaml"}))))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(line, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_features_have_the_levels_that_are_asked_for(cir_bench_features):
    shape, reference, text = cir_bench_features(Needs(image=levels("maps"), text=levels("tokens")), batch=3)
    assert (len(reference), len(text)) == (3, 3)
    assert (reference.levels, text.levels) == ({FeatureLevel.MAPS}, {FeatureLevel.TOKENS})
    assert shape.image.pooled is None


def test_features_without_needs_are_pooled(cir_bench_features):
    shape, reference, text = cir_bench_features()
    assert reference.need_pooled().shape == (6, shape.image.width)
    assert text.need_pooled().shape == (6, shape.text.width)


def test_a_run_is_that_of_the_generated_benchmark(cir_bench_run):
    record = cir_bench_run("tirg", training={"epochs": 1})
    assert record["cell"]["benchmark"] == "cir-bench-generated"
    assert len(record["history"]) == 1
    assert 0 <= record["metrics"]["R@1"] <= 100


def test_what_a_method_has_to_learn_can_be_learned(cir_bench_run):
    """Else a contract that passes says little: a method that learns is far above one that cannot."""
    last = {"on": "last"}  # a few held-out queries say little about which of three epochs is best
    learned, plain = (cir_bench_run(name, selection=last)["metrics"]["R@1"] for name in ("tirg", "sum"))
    assert plain < 30 < 60 < learned


def test_the_command_line_has_a_folder_and_a_cache_of_its_own(cir_bench_cli, tmp_path, monkeypatch):
    monkeypatch.setenv("CIR_BENCH_STRICT", "1")
    assert cir_bench_cli("new", "mine").code == 0
    assert (tmp_path / "mine").is_dir()
    assert cir_bench_cli("nonsense").code == 2


def test_every_fixture_is_listed_with_what_it_does(tmp_path):
    line = [
        sys.executable,
        "-m",
        "pytest",
        "--fixtures",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(line, check=False, cwd=tmp_path, capture_output=True, text=True)
    own = done.stdout.partition("cir_bench.pytest_plugin")[2]
    assert all(re.search(rf"{name} -- .*\n\s+``{name}", own) for name in FIXTURES), done.stdout
