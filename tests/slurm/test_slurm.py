"""Cells on a real Slurm of one node: an array is submitted, a job is queued again in the middle, another cancelled."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.testing.executor import comparable

pytest.importorskip("submitit", reason="submitit is not installed (pip install 'cir-bench[slurm]')")
NEEDED = ("slurmctld", "slurmd", "sbatch", "munged")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
ASKED = "it takes two minutes; set CIR_BENCH_SLURM=1"
pytestmark = [
    pytest.mark.skipif(not os.environ.get("CIR_BENCH_SLURM"), reason=ASKED),
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed (tests/slurm/one_node.sh)"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a Slurm of one node is started by root"),
]
TOY = Path(__file__).parents[1] / "support" / "toy_plugin.py"
SCRIPT = Path(__file__).with_name("one_node.sh")
SLURM = (
    "--on",
    "slurm",
    "--partition",
    "gpu",
    "--time",
    "0:20:00",
    "--cpus-per-cell",
    "1",
    "--on-set",
    "poll_seconds=1",
)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    subprocess.run([SCRIPT, "start", tmp_path / "slurm"], check=True, timeout=120)
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm" / "slurm.conf"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    try:
        yield
    finally:
        subprocess.run(["scancel", "--user=root"], check=False, timeout=30)
        subprocess.run([SCRIPT, "stop", tmp_path / "slurm"], check=False, timeout=30)


def words(folder: Path, name: str, *options: str) -> list[str]:
    place = ["--out", str(folder / name), "--cache-dir", str(folder / f"cache-{name}"), "--device", "cpu"]
    methods = ["-m", "sum", "-m", "slow-tirg", "--set", "training.epochs=6"]
    return ["run", "--plugin", str(TOY), "-b", "toy", *place, *methods, *options]


def start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TOY_STEP_SECONDS": "3"}
    command = [sys.executable, "-m", "cir_bench", *words(folder, "there", *SLURM)]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)


def wait_for(out: Path, pattern: str, process: subprocess.Popen[bytes], log: Path) -> Path:
    while not (found := list(out.rglob(pattern))):
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    return found[0]


def number_of(out: Path) -> str:
    """Of the job of the cell that is slow enough to be stopped."""
    (note,) = (out / "jobs").glob("slow-tirg-*/submitted.json")
    return json.loads(note.read_text())["number"]


def shown(number: str) -> str:
    words = ["scontrol", "show", "job", number]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout


def records(out: Path):
    return {record.cell.method: comparable(record) for record in read_records(out)[0].values()}


def test_a_cell_survives_its_driver_a_requeue_and_a_cancelled_job(slurm, tmp_path) -> None:
    assert main(words(tmp_path, "here")) == 0
    out, log = tmp_path / "there", tmp_path / "log"
    process = start(tmp_path, log)
    wait_for(out, "last.pt", process, log)
    number = number_of(out)
    process.kill()
    process.wait()
    process = start(tmp_path, log)  # finds the job that ran on
    while "it runs on from an earlier command" not in log.read_text():
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    subprocess.run(["scontrol", "requeue", number], check=True, timeout=60)
    while "PENDING" not in shown(number):
        assert process.poll() is None, log.read_text()
        time.sleep(0.5)
    subprocess.run(["scontrol", "update", f"JobId={number}", "StartTime=now"], check=True, timeout=60)
    state = ""
    while "RUNNING" not in state or "Restarts=1" not in state:
        assert process.poll() is None, log.read_text()
        state = shown(number)
        time.sleep(0.5)
    time.sleep(2)
    subprocess.run(["scancel", number], check=True, timeout=60)
    process.wait(600)
    said = log.read_text()
    assert process.returncode == 0, said
    assert records(out) == records(tmp_path / "here")
    assert f"the worker was lost (job {number} in Slurm is CANCELLED); it is tried again" in said, said
    assert not (out / "jobs").exists()
