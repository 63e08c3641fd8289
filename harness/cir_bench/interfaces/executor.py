"""`Executor`: where the cells of a run are computed, and the messages that come back. Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from cir_bench.interfaces.events import Event
from cir_bench.params.models import Params


@dataclass(frozen=True)
class ExecutorContext:
    """What an executor is constructed with."""

    out: Path
    """The folder of the records, absolute. Executors may keep files of their own in ``out / "jobs"``."""
    max_cells: int | None = None
    """How many jobs the user allows at once (``--max-cells``)."""


@dataclass(frozen=True)
class Job:
    """One piece of work for one worker: a cell, or features that several cells wait for.

    A worker passes it to `cir_bench.perform`, which is all that it needs to do.
    """

    name: str
    """Unique among the jobs of a run and safe as a file name."""
    title: str
    """For people."""
    request: str
    """What to do, as JSON; only `perform` reads it."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files of this machine that the worker starts from (a checkpoint, features), by the names that `perform` takes
    them under. Empty where workers share the file system."""
    cpus: int = 1
    """Processors that it may use."""
    gpus: float = 0.0
    """GPUs; a fraction shares one, and more than one compute the cell together."""


@dataclass(frozen=True)
class JobEvent:
    """Something happened in a job."""

    job: str
    event: Event


@dataclass(frozen=True)
class JobFiles:
    """Files that a job wrote, by name; None for one that it deleted."""

    job: str
    files: Mapping[str, bytes | None]


@dataclass(frozen=True)
class JobEnded:
    """A job is over; nothing more comes from it."""

    job: str
    outcome: Literal["finished", "refused", "late", "lost", "cancelled"]
    """``finished``: its last event says how. ``refused``: the worker has other code or versions. ``late``: it took
    longer than ``--cell-timeout``. ``lost``: its process or machine is gone; it may be tried again."""
    reason: str = ""
    """In words, without a full stop; may be empty."""


Message = JobEvent | JobFiles | JobEnded


class Executor(ABC):
    """Runs jobs on workers. One thread of the run calls it.

    Args:
        params: the spec's parameters.
        context: the folders of the run.
    """

    shares_files: ClassVar[bool] = False
    """Whether workers see the files of this machine under the same paths. If not, files travel with the jobs and
    back."""
    most_jobs: ClassVar[int] = 64
    """How many jobs it is given at once unless the user says otherwise."""

    def __init__(self, params: Params, context: ExecutorContext) -> None:
        self.params, self.context = params, context

    def cpus(self, jobs: int) -> int:
        """Processors that each job gets when there are so many, unless the user says it."""
        return 1

    def has(self, job: Job) -> bool:
        """Whether a job of an earlier run that does the same is still there, so that `submit` only follows it."""
        return False

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Begin a job, or queue it. Returns at once; `ConfigError` if it can never run."""

    @abstractmethod
    def follow(self, seconds: float) -> Sequence[Message]:
        """What the jobs have said since the last call, in order; waits at most ``seconds`` for the first message.

        Every job that was submitted ends with one `JobEnded`, also when its worker is lost.
        """

    @abstractmethod
    def cancel(self, job: str) -> None:
        """Stop a job, which then ends as ``cancelled``; nothing happens if it is over or unknown."""

    def close(self) -> None:  # noqa: B027 (there may be nothing to do)
        """The run is over: stop what is still running, and let go of the workers."""
