"""`Local`: jobs in processes of this machine."""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from time import monotonic

from cir_bench import ConfigError, Executor, ExecutorContext, Job, JobEnded, JobEvent, JobFiles, Params, perform
from cir_bench_executors.cards import Cards, visible

Message = JobEvent | JobFiles | JobEnded


class Local(Executor):
    """Each job is a thread that follows a process; a job waits until there are GPUs for it."""

    shares_files = True
    most_jobs = 1

    def __init__(self, params: Params, context: ExecutorContext) -> None:
        super().__init__(params, context)
        self._messages: queue.Queue[Message] = queue.Queue()
        self._waiting: list[Job] = []
        self._threads: dict[str, threading.Thread] = {}
        self._taken: dict[str, tuple[tuple[str, ...], float]] = {}
        self._cancelled: dict[str, threading.Event] = {}
        self._cards = Cards(visible())

    def cpus(self, jobs: int) -> int:
        """The processors of this machine, divided."""
        return max(1, (os.cpu_count() or 1) // jobs)

    def submit(self, job: Job) -> None:
        """Start it, or let it wait for a GPU."""
        if job.gpus > self._cards.count:
            raise ConfigError(
                f"--gpus-per-cell {job.gpus:g}: this machine has {self._cards.count} GPUs; give each cell fewer."
            )
        self._waiting.append(job)
        self._start_what_fits()

    def follow(self, seconds: float) -> Sequence[Message]:
        """Wait for one message and take what is there."""
        found: list[Message] = []
        deadline = monotonic() + seconds
        while True:
            try:
                left = deadline - monotonic()
                found.append(self._messages.get(timeout=max(0.0, left)) if not found else self._messages.get_nowait())
            except queue.Empty:
                break
            if isinstance(found[-1], JobEnded):
                self._free(found[-1].job)
        return found

    def cancel(self, job: str) -> None:
        """Stop its process."""
        waiting = [one for one in self._waiting if one.name == job]
        for one in waiting:
            self._waiting.remove(one)
            self._messages.put(JobEnded(job, "cancelled"))
        if job in self._cancelled:
            self._cancelled[job].set()

    def close(self) -> None:
        """Stop all processes."""
        self._waiting.clear()
        for event in self._cancelled.values():
            event.set()
        for thread in self._threads.values():
            thread.join()

    def _start_what_fits(self) -> None:
        for job in [*self._waiting]:
            cards = self._cards.take(job.gpus)
            if cards is None:
                return  # in order, so that a job for several GPUs is not overtaken for ever
            self._waiting.remove(job)
            self._taken[job.name], self._cancelled[job.name] = (cards, job.gpus), threading.Event()
            thread = threading.Thread(target=self._run, args=(job, cards), name=job.name, daemon=True)
            self._threads[job.name] = thread
            thread.start()

    def _run(self, job: Job, cards: Sequence[str]) -> None:
        """Pass on what the job says; nobody else hears of an error of the thread."""
        environment = {"CUDA_VISIBLE_DEVICES": ",".join(cards)} if cards else {}
        folder, cancelled = self.context.out / "jobs" / job.name, self._cancelled[job.name]
        ended = False
        try:
            with closing(perform(job, folder, environment=environment, until=cancelled.is_set)) as messages:
                for message in messages:
                    ended = isinstance(message, JobEnded)
                    self._messages.put(message)
        except Exception as error:
            if not ended:
                self._messages.put(JobEnded(job.name, "lost", f"{type(error).__name__}: {error}"))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # other jobs are there
                folder.parent.rmdir()

    def _free(self, job: str) -> None:
        cards, gpus = self._taken.pop(job, ((), 0.0))
        self._cards.give_back(cards, gpus)
        self._threads.pop(job, None)
        self._cancelled.pop(job, None)
        self._start_what_fits()
