"""What can be imported does not depend on the folder in which the program is called, nor on the verb."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
METHOD = """
import cir_bench as cb
from helper_beside_it import NAME


@cb.hookimpl
def cir_bench_methods():
    spec = cb.MethodSpec(
        name=NAME,
        summary="for tests",
        implementation="cir_bench_baselines.naive:SumComposer",
        loss="batch-classification",
        learns=False,
    )
    return [spec]
"""


@pytest.mark.parametrize("verb", ["run", "show"])
def test_helpers_of_a_plugin_are_found_and_files_of_the_current_folder_replace_no_module(
    tmp_path: Path, verb: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    (here / "random.py").write_text("raise SystemExit('the wrong module')\n")
    (there / "helper_beside_it.py").write_text("NAME = 'helped'\n")
    (there / "mine.py").write_text(METHOD)
    toy = CHECKOUT / "tests" / "support" / "toy_plugin.py"
    places = ["--out", tmp_path / "runs", "--cache-dir", tmp_path / "cache"]
    words = {"run": ["-m", "helped", "-b", "toy", "-e", "toy", *places], "show": ["helped"]}
    plugins = ["--plugin", toy, "--plugin", there / "mine.py"]
    done = subprocess.run(
        [Path(sys.executable).parent / "cir-bench", verb, *words[verb], *plugins],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "the wrong module" not in done.stdout + done.stderr
    assert "helper_beside_it" not in done.stderr
    assert ("helped on toy" if verb == "run" else "method helped") in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
