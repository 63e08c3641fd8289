"""The Slurm executor under its contract, with submitit's local executor in the place of Slurm; answers of squeue."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence

import pytest
from support.forked import forking

from cir_bench.testing import ExecutorContract

pytest.importorskip("submitit", reason="submitit is not installed (pip install 'cir-bench[slurm]')")

from cir_bench_executors import slurm_queue, slurm_sweep
from cir_bench_executors.params import SlurmParams

REAL = ExecutorContract.test_records_are_those_of_this_process.__name__


class TestSlurm(ExecutorContract):
    name = "slurm"
    params = {"cluster": "local", "poll_seconds": 0.5}

    @pytest.fixture(autouse=True)
    def forks(self, request: pytest.FixtureRequest) -> Iterator[None]:
        """Processes are forks of this one, but for those of one of the two cells whose records are compared."""
        with forking(fresh=int(request.function.__name__ == REAL)):
            yield


@pytest.mark.parametrize(
    ("time", "minutes"), [("0:00:30", 1), ("1:30:00", 90), ("24:00:00", 1440), ("2-01:00:00", 2940)]
)
def test_times_are_minutes(time, minutes) -> None:
    assert SlurmParams(time=time).minutes == minutes


def answering(code, out="", err=""):
    return lambda words, **options: subprocess.CompletedProcess(words, code, out, err)


def test_states_are_those_of_squeue(monkeypatch) -> None:
    """A job that Slurm does not know is left out; a Slurm that does not answer has lost nothing."""
    queue, run = slurm_queue.SlurmQueue(), slurm_queue.subprocess
    monkeypatch.setattr(run, "run", answering(0, "7_0 RUNNING\n7_1 NODE_FAIL\n"))
    assert queue.states(["7_0", "7_1", "8"]) == {"7_0": "RUNNING", "7_1": "NODE_FAIL"}
    monkeypatch.setattr(run, "run", answering(1, err="slurm_load_jobs error: Invalid job id specified"))
    assert queue.states(["8"]) == {}
    monkeypatch.setattr(run, "run", answering(1, err="slurm_load_jobs error: Unable to contact slurm controller"))
    assert queue.states(["7_0"]) == {"7_0": "PENDING"}


class Known(slurm_queue.Queue):
    """A Slurm that has these jobs."""

    def __init__(self, **states: str) -> None:
        self._states = states

    def states(self, numbers: Sequence[str]) -> dict[str, str]:
        return {number: self._states[number] for number in numbers if number in self._states}

    def cancel(self, numbers: Sequence[str]) -> None:
        raise AssertionError(numbers)


def test_what_killed_commands_left_is_removed_once_their_jobs_are_over(tmp_path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    killed, here = f"{platform.node()}:{dead.pid}", f"{platform.node()}:{os.getppid()}"

    def left(name: str, number: str, follower: str) -> None:
        (tmp_path / "jobs" / name).mkdir(parents=True)
        note = {"number": number, "request": "{}", "follower": follower}
        (tmp_path / "jobs" / name / slurm_sweep.SUBMITTED).write_text(json.dumps(note))

    left("over-1", "a1", killed)
    left("forgotten-1", "a2", killed)
    left("queued-1", "a3", killed)
    left("followed-1", "a4", here)
    left("elsewhere-1", "a5", "another-host:1")
    (tmp_path / "jobs" / slurm_sweep.SUBMITIT).mkdir()
    slurm_sweep.sweep(tmp_path / "jobs", Known(a1="COMPLETED", a3="PENDING", a4="COMPLETED"))
    kept = {entry.name for entry in (tmp_path / "jobs").iterdir()}
    assert kept == {"queued-1", "followed-1", "elsewhere-1", slurm_sweep.SUBMITIT}
    for name in kept - {slurm_sweep.SUBMITIT}:
        (tmp_path / "jobs" / name / slurm_sweep.SUBMITTED).unlink()
        (tmp_path / "jobs" / name).rmdir()
    slurm_sweep.sweep(tmp_path / "jobs", Known())
    assert not (tmp_path / "jobs").exists()
