"""``torchrun --nproc-per-node 2 -m cir_bench run``: the cells are those of one process, and one voice speaks."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.forked import ForkedPopen

from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

pytestmark = pytest.mark.usefixtures("forked")
SUPPORT = Path(__file__).parents[1] / "support"
TRAINED = ["--set", "live.training.encoder=train", "--set", "mortal.training.encoder=train"]
LIVE = ["-m", "live", *TRAINED[:2]]


def run(
    folder: Path, *options: str, processes: int = 1, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One run of the toy benchmark, with records and cache in ``folder``."""
    plugins = [word for name in ("toy_plugin.py", "rank_plugin.py") for word in ("--plugin", str(SUPPORT / name))]
    where = ["-b", "toy", "--device", "cpu", "--out", str(folder / "runs"), "--cache-dir", str(folder / "cache")]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return subprocess.run(
        [sys.executable, *(launcher if processes > 1 else []), "-m", "cir_bench", "run", *plugins, *where, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(variables or {})},
    )


def records(folder: Path) -> dict[str, RunRecord]:
    """By method."""
    return {record.cell.method: record for record in read_records(folder / "runs")[0].values()}


def rankings(folder: Path, method: str) -> list[dict[str, Any]]:
    """The lines of the only rankings of a method."""
    (path,) = (path for path in (folder / "runs").rglob("*.jsonl.gz") if f"/{method}" in str(path))
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, forked: None) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    done = run(folder, "-m", "tirg", "-m", "rerank", "-m", "live", "-m", "mortal", *TRAINED)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, forked: None) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("together")
    methods = [word for name in ("tirg", "rerank", "fails-in-one", "drifts", "live", "shares") for word in ("-m", name)]
    return folder, run(folder, *methods, *TRAINED[:2], processes=2)


@pytest.mark.parametrize("method", ["tirg", "rerank", "live"])
def test_metrics_and_rankings_are_those_of_one_process(alone: Path, together, method: str) -> None:
    one, two = records(alone)[method], records(together[0])[method]
    assert (one.environment.processes, two.environment.processes) == (1, 2)
    assert two.metrics == one.metrics
    assert two.ingredients == one.ingredients
    assert two.config == one.config
    assert [epoch.selection for epoch in two.history] == [epoch.selection for epoch in one.history]
    for ours, theirs in zip(two.history, one.history, strict=True):
        assert ours.terms == pytest.approx(theirs.terms, rel=1e-5)
    if method != "live":  # of cached features: the same weights, bit for bit
        rounding = 5e-6 if method == "rerank" else 1e-6  # each rank rescores other queries together
        for ours, theirs in zip(rankings(together[0], method), rankings(alone, method), strict=True):
            assert ours.pop("scores", []) == pytest.approx(theirs.pop("scores", []), rel=rounding, abs=1e-6)
            assert ours == theirs


def test_each_process_scores_its_share_of_the_gallery(together) -> None:
    found = records(together[0])["shares"]
    assert (found.status, found.failure) == ("done", None)


def test_each_process_extracts_its_share(alone: Path, together) -> None:
    def shards(folder: Path) -> list[str]:
        return sorted(path.name for path in (folder / "cache").glob("features/*/toy/train/pooled/*.safetensors"))

    assert len(shards(together[0])) > len(shards(alone))


def test_a_failure_of_one_process_fails_the_cell_and_no_other(together) -> None:
    found = records(together[0])["fails-in-one"]
    assert found.status == "failed"
    assert "ZeroDivisionError: only here" in found.failure.exception
    assert found.failure.stage == "training"


def test_weights_that_differ_stop_the_cell(together) -> None:
    failure = records(together[0])["drifts"].failure
    assert "the processes of this run have different weights after epoch 1 of stage 'training'" in failure.exception


def test_one_process_speaks(together) -> None:
    _, done = together
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split("]")[0] for line in lines if line.startswith("[")] == [f"[{place}/6" for place in range(1, 7)]
    assert sum(line.startswith("4 run, 0 done before, 2 failed: ") for line in lines) == 1
    assert "Traceback" not in done.stdout


def test_what_two_processes_ran_is_done_for_one(together) -> None:
    again = run(together[0], *LIVE)
    assert again.returncode == 0
    assert "0 run, 1 done before, 0 failed." in again.stdout


@pytest.mark.parametrize(("first", "then"), [(2, 1), (1, 2)])
def test_a_killed_process_ends_the_run_and_another_number_continues(
    alone: Path, tmp_path: Path, first: int, then: int
) -> None:
    cell = ["-m", "mortal", *TRAINED[2:]]
    variables = {"MORTAL": str(first - 1), "CIR_BENCH_RANK_TIMEOUT": "60"}
    killed = run(tmp_path, *cell, processes=first, variables=variables)
    assert killed.returncode != 0
    if first == 2:
        assert records(tmp_path) == {}
        assert killed.stderr.count("run the same command again to continue") == 1, killed.stderr
    retry = [] if first == 2 else ["--retry-failed"]  # the watcher of one process takes its death for a failure
    continued = run(tmp_path, *cell, *retry, processes=then)
    assert continued.returncode == 0, continued.stdout + continued.stderr
    whole, found = records(alone)["mortal"], records(tmp_path)["mortal"]
    assert found.environment.processes == then
    assert len(found.history) == len(whole.history)
    assert found.metrics == whole.metrics


def test_a_mistake_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, the processes are fresh interpreters."""
    monkeypatch.setattr("subprocess.Popen", ForkedPopen.__base__)
    done = run(tmp_path, "-m", "no-such-method", processes=2)
    assert done.returncode != 0
    assert done.stderr.count("no-such-method") == 1, done.stderr
