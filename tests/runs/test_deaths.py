"""A cell that takes its process along, or does not end, is a failed cell with its name; the other cells run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench.cli.app import main

from .conftest import Toy

pytestmark = pytest.mark.usefixtures("forked")
DEADLY = '''
"""Methods that end their process in many ways."""
import ctypes, os, signal, sys, time
import torch
import cir_bench as cb

CIR_BENCH_API = 1


class Parting(BaseException):
    pass


class Unspeakable(ValueError):
    def __str__(self):
        return "x" * 50_000_000


def _surrogate():
    raise ValueError("half a character: \\ud800")


def _say(error):
    raise error


DEATHS = {
    "exits": lambda: os._exit(0),
    "crashes": lambda: ctypes.string_at(0),
    "out-of-memory": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "parts": lambda: _say(Parting("goodbye")),
    "pretends-ctrl-c": lambda: _say(KeyboardInterrupt()),
    "closes-stdout": lambda: (sys.stdout.close(), _say(ValueError("closed")))[1],
    "half-a-character": _surrogate,
    "talks": lambda: _say(Unspeakable()),
    "hangs": lambda: time.sleep(3600),
}


class Params(cb.MethodParams):
    how: str = ""


class Deadly(cb.StandardMethod):
    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})
        DEATHS[params.how]()


@cb.hookimpl
def cir_bench_methods():
    for name in DEATHS:
        params = type("Own", (Params,), {"__module__": __name__, "__annotations__": {"how": str}, "how": name})
        yield cb.MethodSpec(name=name, summary="for tests", implementation=Deadly, params=params)
'''


MORTAL = """
import os
import cir_bench as cb
from support.toy_plugin import ToyEncoder

CIR_BENCH_API = 1


class Mortal(ToyEncoder):
    def __init__(self, params, context):
        if os.environ.get("MORTAL_DIES"):
            os._exit(0)
        super().__init__(params, context)


@cb.hookimpl
def cir_bench_encoders():
    return [cb.EncoderSpec(name="mortal", summary="for tests", implementation=Mortal)]
"""

REASONS = {
    "exits": "ended without a word (exit code 0)",
    "crashes": "SIGSEGV",
    "out-of-memory": "when memory runs out",
    "parts": "Parting: goodbye",
    "pretends-ctrl-c": "KeyboardInterrupt",
    "closes-stdout": "ValueError: closed",
    "half-a-character": "half a character: \\ud800",
    "talks": "Unspeakable: xxx",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, forked: None):
    folder = tmp_path_factory.mktemp("deadly")
    plugin = folder / "deadly.py"
    plugin.write_text(DEADLY, encoding="utf-8")
    toy = Toy(folder / "runs", folder / "cache", None)

    def in_a_process(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cir_bench", *toy.argv("run", "--plugin", str(plugin), "--json", *options)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
            check=False,
            timeout=240,
        )

    return in_a_process


@pytest.fixture(scope="module")
def done(run) -> subprocess.CompletedProcess[str]:
    """One run of every deadly method, and of one that is well."""
    return run(*(word for method in REASONS for word in ("-m", method)), "-m", "sum")


@pytest.fixture(scope="module")
def records(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {record["cell"]["method"]: record for record in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("method", REASONS)
def test_a_deadly_cell_has_failed_and_says_why(done, records, method: str) -> None:
    failure = records[method]["failure"]
    assert records[method]["status"] == "failed"
    assert REASONS[method] in f"{failure['exception']}; {failure['hint']}"
    assert f"did not run: {method} on toy" in done.stderr


def test_the_other_cells_run_and_the_exit_code_tells(done, records) -> None:
    assert done.returncode == 1
    assert records["sum"]["status"] == "done" and len(records) == len(REASONS) + 1


def test_a_cell_that_hangs_is_stopped(run) -> None:
    done = run("-m", "hangs", "--cell-timeout", "2")
    (record,) = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1 and record["status"] == "failed"
    assert record["failure"]["exception"] == "it was stopped after 2 s (--cell-timeout)"


def test_a_process_that_dies_while_it_looks_at_a_finished_cell_leaves_its_record(tmp_path: Path) -> None:
    toy = Toy(tmp_path / "runs", tmp_path / "cache", None)
    plugin = tmp_path / "mortal.py"
    plugin.write_text(MORTAL, encoding="utf-8")
    argv = toy.argv("run", "--plugin", str(plugin), "-e", "mortal", "-m", "sum")
    assert main(argv) == 0
    before = {path: path.read_bytes() for path in toy.out.rglob("record.json")}
    dying = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "MORTAL_DIES": "1"}
    command = [sys.executable, "-m", "cir_bench", *argv]
    done = subprocess.run(command, capture_output=True, text=True, env=dying, check=False)
    assert done.returncode == 1 and "ended without a word" in done.stdout
    assert before and {path: path.read_bytes() for path in toy.out.rglob("record.json")} == before


def test_a_message_of_50_megabytes_is_cut(done) -> None:
    assert max(len(line) for line in done.stderr.splitlines() if "Unspeakable" in line) < 1500


def test_the_process_that_ends_at_no_cell_is_not_started_again(tmp_path: Path) -> None:
    plugin = tmp_path / "gone.py"
    plugin.write_text("import os\nos._exit(0)\n", encoding="utf-8")
    command = [sys.executable, "-m", "cir_bench", "run", "--all", "--plugin", str(plugin)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ended without a word (exit code 0) while no cell was running" in done.stderr
