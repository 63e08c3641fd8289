"""What Slurm says of its jobs. ``squeue`` is asked, since ``sacct`` needs an accounting database."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

LOST = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",  # without having said how it ended
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
}
"""States of a job that does not run again by itself."""


class Queue(ABC):
    """States of jobs by number, and an end to them."""

    @abstractmethod
    def states(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """In Slurm's words; a job that is not known is left out."""

    @abstractmethod
    def cancel(self, numbers: Sequence[str]) -> None:
        """Stop jobs."""

    def submitted(self, job: Any) -> None:  # noqa: B027 (Slurm knows it by its number)
        """A job of submitit's."""


class SlurmQueue(Queue):
    """``squeue`` and ``scancel``."""

    def states(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """One call for all of them; when Slurm does not answer, all are taken to be pending."""
        if not numbers:
            return {}
        answer = _call(
            "squeue", "--noheader", "--array", "--states=all", "--format=%i %T", f"--jobs={','.join(numbers)}"
        )
        if answer.returncode and "Invalid job id" not in answer.stderr:
            return dict.fromkeys(numbers, "PENDING")
        known = dict(line.split(maxsplit=1) for line in answer.stdout.splitlines() if " " in line.strip())
        return {number: known[number] for number in numbers if number in known}

    def cancel(self, numbers: Sequence[str]) -> None:
        """Without a word if they are over."""
        _call("scancel", *numbers)


class LocalQueue(Queue):
    """Of submitit's executors without Slurm, for tests."""

    def __init__(self) -> None:
        self._jobs: dict[str, Any] = {}

    def submitted(self, job: Any) -> None:
        """A job, which knows of itself whether it is done."""
        self._jobs[job.job_id] = job

    def states(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Running or failed; a job that ended well has said so itself."""
        return {
            number: "FAILED" if self._jobs[number].done() else "RUNNING" for number in numbers if number in self._jobs
        }

    def cancel(self, numbers: Sequence[str]) -> None:
        """Stop their processes."""
        for number in numbers:
            if number in self._jobs:
                self._jobs[number].cancel(check=False)


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", str(error))
