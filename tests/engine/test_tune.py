"""Trials of a tuning on an executor: those of a tuning without one, as far as they can know of each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cir_bench.cli.app import main

from .conftest import PLUGINS

TWO = ("--on", "local", "--max-cells", "2", "--cpus-per-cell", "1")
AWAY = ("--on", "away", "--max-cells", "2", "--cpus-per-cell", "1")
pytestmark = pytest.mark.usefixtures("forked")


def argv(out: Path, *options: str, method: str = "slow-tirg", trials: int = 7, epochs: int = 2) -> list[str]:
    plugins = [word for path in PLUGINS for word in ("--plugin", str(path))]
    place = ["--out", str(out), "--cache-dir", f"{out}-cache", "--device", "cpu"]
    cells = ["-b", "toy", "-m", method, "--set", f"training.epochs={epochs}", "--trials", str(trials)]
    return ["tune", *plugins, *place, *cells, *options]


def trials_of(out: Path) -> list[dict[str, Any]]:
    """Without the time that they took."""
    (path,) = (out / "tuning").rglob("tuning.json")
    trials = json.loads(path.read_text(encoding="utf-8"))["trials"]
    return [{name: value for name, value in one.items() if name != "seconds"} for one in trials]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Trials, two at a time, in processes of this machine."""
    out = tmp_path_factory.mktemp("two") / "runs"
    assert main(argv(out, *TWO)) == 0
    return out


def test_one_at_a_time_they_are_those_of_this_process(tmp_path, two) -> None:
    """And with more at a time those that know of none are: the first are drawn at random."""
    assert main(argv(tmp_path / "here")) == 0
    assert main(argv(tmp_path / "one", "--on", "local", "--cpus-per-cell", "1", "--max-cells", "1")) == 0
    assert trials_of(tmp_path / "one") == trials_of(tmp_path / "here")
    assert trials_of(two)[:5] == trials_of(tmp_path / "here")[:5]
    assert len(trials_of(two)) == 7
    assert not list((two / "tuning").rglob("outcomes"))


def test_workers_that_share_no_files_run_the_same_trials(tmp_path, two) -> None:
    out = tmp_path / "runs"
    assert main(argv(out, *AWAY)) == 0
    assert trials_of(out) == trials_of(two)
    sent = sorted((tmp_path / "scratch" / "sent").iterdir())
    assert [path.name.split("-")[0] for path in sent].count("features") == 1
    assert all("cache/features" in path.read_text() for path in sent if path.name.startswith("slow-"))


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_tuning_that_was_stopped_goes_on_with_the_same_trials(tmp_path, two, sign) -> None:
    out = tmp_path / "runs"
    words = argv(out, *TWO)
    process = subprocess.Popen(
        [sys.executable, "-m", "cir_bench", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "TOY_STEP_SECONDS": "0.05"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    while not list(out.rglob("trial-3.lock")):
        assert process.poll() is None, process.communicate()[0].decode()
        time.sleep(0.02)
    process.send_signal(sign)
    said = process.communicate(timeout=60)[0].decode()
    assert process.returncode == (-9 if sign == signal.SIGKILL else 130), said
    assert "Traceback" not in said
    assert main(words) == 0
    assert trials_of(out) == trials_of(two)


def test_a_trial_that_kills_its_worker_again_and_again_has_failed(tmp_path, monkeypatch, capsys) -> None:
    counter = tmp_path / "deaths"
    counter.write_text("3")
    monkeypatch.setenv("DIES_COUNT", str(counter))
    words = argv(tmp_path / "runs", *AWAY[:2], "--max-cells", "1", "--retries", "1", method="dies", trials=2, epochs=3)
    assert main(words) == 0
    first, second = trials_of(tmp_path / "runs")
    assert first["state"] == "failed" and "its worker was lost 2 times" in first["reason"]
    assert second["state"] == "finished" and counter.read_text() == "0"


def test_several_methods_share_the_executor(tmp_path, capsys) -> None:
    code = main(argv(tmp_path / "runs", *TWO, "-m", "concat", "-m", "sum", trials=2))
    said = capsys.readouterr().out
    assert code == 0, said
    assert "concat [training.epochs=2] on toy/test@1, toy, seed 0: [2/2]" in said
    assert "sum [training.epochs=2] on toy/test@1, toy, seed 0: nothing to train" in said
    assert len(list((tmp_path / "runs" / "tuning").rglob("tuning.json"))) == 2
