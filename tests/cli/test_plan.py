"""``cir-bench plan``: what it loads, and what it says without loading anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1] / "support" / "toy_plugin.py"
TOY = ["--no-plugins", "--plugin", PLUGIN, "-b", "toy", "-e", "toy"]


@pytest.fixture
def plan(run, tmp_path):
    """Run a plan, or another verb, on the toy benchmark."""

    def call(*words, verb="plan"):
        return run(verb, *TOY, "--out", tmp_path / "runs", "--cache-dir", tmp_path / "cache", *words)

    return call


def test_a_plan_of_cells_without_records_imports_no_torch(tmp_path):
    code = (
        "import sys\n"
        "from cir_bench.cli import main\n"
        f"code = main(['plan', '--all', '--seeds', '2', '--out', {str(tmp_path / 'runs')!r}])\n"
        "print(sorted({'torch', 'datasets', 'transformers', 'open_clip'} & set(sys.modules)), code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "to do       sum on css/test@1, tiny, seed 1" in done.stdout
    assert done.stdout.splitlines()[-1] == "[] 0"


def test_features_are_counted_when_asked(plan):
    assert "Features to extract: not counted (--features)." in plan("-m", "sum").out
    said = plan("-m", "sum", "--features").out
    assert "extract     toy: " in said
    assert "MiB of features to store" in said
    assert json.loads(plan("-m", "sum", "--json").out)["features"] is None
    assert json.loads(plan("-m", "sum", "--json", "--features").out)["features"]


@pytest.mark.parametrize("encoder", ["tiny", "cnn-lstm"])
def test_data_that_are_not_there_are_told_of_a_trained_encoder_too(run, tmp_path, encoder):
    words = ["-m", "sum", "-b", "folder:nothere", "-e", encoder, "--out", tmp_path, "--cache-dir", tmp_path / "cache"]
    said = run("plan", "--no-plugins", *words, "--features").out
    assert "problem     nothere is not a folder" in said


def test_a_cell_with_a_record_is_compared_next_to_one_without(plan):
    assert plan("-m", "sum", verb="run").code == 0
    assert [line.split(" on ")[0] for line in plan("-m", "sum", "-m", "image-only").out.splitlines()[:2]] == [
        "done        sum",
        "to do       image-only",
    ]


def test_a_data_root_that_is_missing_is_a_problem_told_once(run, tmp_path):
    said = run("plan", "--no-plugins", "-m", "sum", "-m", "tirg", "-b", "cirr", "--out", tmp_path).out
    assert " ".join(said.split()).count("the data set 'cirr' is read from a folder on this machine") == 1


@pytest.mark.parametrize("verb", [("plan", "-m", "sum", "-b"), ("data", "verify")])
def test_the_data_set_s_own_folder_is_no_data_root(run, tmp_path, verb):
    (tmp_path / "cirr").mkdir()
    done = run(*verb, "cirr", "--no-plugins", "--data-root", tmp_path / "cirr")
    said = "".join(f"{done.out}{done.err}".split())
    assert f"isthefolderof'cirr'itself;nametheonethatholdsit,{tmp_path}." in said


def test_a_device_that_is_not_there_is_refused(plan):
    done = plan("-m", "sum", "--device", "nonsense")
    assert (done.code, done.out) == (2, "")
    assert "there is no such device" in done.err
