"""What killed commands left in ``jobs``: removed once Slurm has their jobs no more and nobody follows them."""

from __future__ import annotations

import json
import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path

from cir_bench_executors.slurm_queue import LOST, Queue

SUBMITTED = "submitted.json"
"""In a job's folder: its number in Slurm and its request, by which a later run finds it again, and who follows it."""
SUBMITIT = "submitit"
"""Submitit's own files, of all commands that share the folder."""


def this_process() -> str:
    """Host and number of the process that follows a job."""
    return f"{platform.node()}:{os.getpid()}"


def sweep(jobs: Path, queue: Queue) -> None:
    """Remove the folders of jobs that are over and that no living command waits for, and ``jobs`` once it is empty."""
    for note in jobs.glob(f"*/{SUBMITTED}"):
        try:
            said = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # another command has just removed it, or is writing it
            continue
        if _may_live(said.get("follower", "")):
            continue
        if queue.states([said["number"]]).get(said["number"], "") in LOST | {""}:
            shutil.rmtree(note.parent, ignore_errors=True)
    if jobs.is_dir() and {entry.name for entry in jobs.iterdir()} <= {SUBMITIT}:
        shutil.rmtree(jobs / SUBMITIT, ignore_errors=True)
        with suppress(OSError):  # another command has just begun
            jobs.rmdir()


def _may_live(follower: str) -> bool:
    """Whether a command may still run: only of this host's it is known that they do not."""
    host, _, number = follower.rpartition(":")
    if host != platform.node():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return int(number) != os.getpid()
