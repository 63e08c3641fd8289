"""`Jobs`: what has been submitted to an executor, until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from cir_bench.interfaces.executor import Executor, Job, JobEnded, Message

SECONDS = 0.5
"""How long the executor may wait for a message before it is given more to do."""


class Task(Protocol):
    """What a job is for."""

    job: Job


T = TypeVar("T", bound=Task)


class Jobs(Generic[T]):
    """The jobs of an executor that have not ended, each with what it is for."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._tasks: dict[str, T] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def submit(self, task: T) -> None:
        """Give the executor a job."""
        self._tasks[task.job.name] = task
        self._executor.submit(task.job)

    def follow(self, more: Callable[[], None], hear: Callable[[T, Message], None]) -> None:
        """Until none is left: submit ``more``, and ``hear`` what is said of each; one that has ended is left out."""
        more()
        while self._tasks:
            for message in self._executor.follow(SECONDS):
                ended = isinstance(message, JobEnded)
                task = self._tasks.pop(message.job, None) if ended else self._tasks.get(message.job)
                if task is not None:  # else it was cancelled
                    hear(task, message)
            more()

    def cancel(self) -> Iterator[T]:
        """Cancel those that are left, since the command was interrupted or stopped by an error; yields each."""
        for task in self._tasks.values():
            with suppress(Exception):
                self._executor.cancel(task.job.name)
            yield task
