"""`tune_on`: the trials of tunings as jobs of an executor.

Trial number i sees the trials up to i - N, where N is how many may run at once: the same ones whichever ends first, and
with N = 1 those that a tuning without an executor sees. The journal is on the machine that asks; workers know nothing
of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cir_bench.engine.home import Home
from cir_bench.engine.jobs import Jobs
from cir_bench.engine.pack import Packer
from cir_bench.engine.request import OUT, TrialRequest
from cir_bench.engine.results import outcome_in, result_path
from cir_bench.engine.setup import EngineSetup
from cir_bench.errors import CirBenchError, RunError
from cir_bench.interfaces.executor import Executor, Job, JobEnded, JobFiles, Message
from cir_bench.records.tuning import Trial, TrialOutcome
from cir_bench.runs import keys
from cir_bench.runs.keys import SharedKey
from cir_bench.runs.study import AskedTrial
from cir_bench.runs.tuning import Search

Told = Callable[[Search, int, Trial, float | None], None]
"""Hears of a trial of a search that has ended: its number from 1, and the best score so far."""
_OUT = Path(OUT)
_LOG = logging.getLogger(__name__)


@dataclass
class _Task:
    """A job that has been submitted: a trial, or without one the features that the trials of a search read."""

    job: Job
    search: Search
    asked: AskedTrial | None = None
    attempt: int = 1
    outcome: TrialOutcome | None = None


def tune_on(executor: Executor, searches: Sequence[Search], setup: EngineSetup, told: Told) -> None:
    """Run the trials that are left of every search, as many at once as ``setup`` says."""
    try:
        _Tuning(executor, searches, setup, told).run()
    finally:
        executor.close()


class _Tuning:
    def __init__(self, executor: Executor, searches: Sequence[Search], setup: EngineSetup, told: Told) -> None:
        self._executor, self._searches, self._setup, self._told = executor, searches, setup, told
        self._packer = Packer(setup, shared=executor.shares_files)
        self._home = Home(setup.out, setup.cache_dir)
        self._jobs: Jobs[_Task] = Jobs(executor)
        self._extracting: dict[SharedKey, bool] = {}

    def run(self) -> None:
        try:
            self._jobs.follow(self._submit_what_can, self._hear)
        finally:
            for task in self._jobs.cancel():
                if task.asked is not None:
                    task.asked.held.close()

    def _submit_what_can(self) -> None:
        """Give the executor trials, the first tuning's first, until it has enough."""
        most = self._setup.most_jobs
        for search in self._searches:
            while len(self._jobs) < most and not self._waits(search):
                asked = search.study.ask(behind=most)
                if asked is None:
                    break
                self._try(_Task(self._job(search, asked, 1), search, asked))

    def _waits(self, search: Search) -> bool:
        """Whether a search waits for features of its frozen encoder, whose extraction begins now if it has not."""
        cell = search.cell
        if cell.has_trained_encoder or not cell.needs.features:
            return False
        key = keys.of_weights(cell)
        if key not in self._extracting:
            self._extracting[key] = self._lacks(search)
            if self._extracting[key]:
                like = [one.cell for one in self._searches if keys.of_weights(one.cell) == key]
                self._jobs.submit(_Task(self._packer.job("features", like, 1, tunes=True), search))
        return self._extracting[key]

    def _lacks(self, search: Search) -> bool:
        bench, cell = self._setup.bench, search.cell
        try:
            missing = bench.tables.missing(cell, bench.data.train_items(cell))
        except CirBenchError:  # its trials will fail for it, and say so
            return False
        return any(one.items for one in missing.values())

    def _job(self, search: Search, asked: AskedTrial, attempt: int) -> Job:
        trial = TrialRequest(index=asked.index, values=asked.values, seen=tuple(asked.seen))
        return self._packer.job("trial", [search.cell], attempt, trial)

    def _try(self, task: _Task) -> None:
        """Submit a trial. What an earlier try of it left is not its outcome, unless that still runs."""
        assert task.asked is not None
        if not self._executor.has(task.job):
            result_path(self._setup.out, task.search.cell, task.asked.index).unlink(missing_ok=True)
        self._jobs.submit(task)

    def _hear(self, task: _Task, message: Message) -> None:
        if isinstance(message, JobFiles):
            self._files(task, message)
        elif isinstance(message, JobEnded):
            if task.asked is None:
                self._extracted(task, message)
            else:
                self._ended(task, task.asked, message)

    def _files(self, task: _Task, message: JobFiles) -> None:
        """Of what comes back, features and the outcome of the trial are kept."""
        if task.asked is None:
            self._home.of_features(message.files)
            return
        content = message.files.get(result_path(_OUT, task.search.cell, task.asked.index).as_posix())
        if content is not None:
            task.outcome = outcome_in(content, task.job.title)

    def _extracted(self, task: _Task, end: JobEnded) -> None:
        """The trials go on; what they lack, each extracts itself."""
        if end.outcome != "finished":
            _LOG.warning("%s: %s", task.job.title, end.reason)
        self._extracting[keys.of_weights(task.search.cell)] = False

    def _ended(self, task: _Task, asked: AskedTrial, end: JobEnded) -> None:
        title = task.job.title
        if end.outcome == "lost" and task.attempt <= self._setup.retries:
            _LOG.warning("%s: the worker was lost (%s); it is tried again", title, end.reason)
            job = self._job(task.search, asked, task.attempt + 1)
            self._try(_Task(job, task.search, asked, task.attempt + 1))
            return
        if end.outcome == "lost":
            reason = f"its worker was lost {task.attempt} times, the last time since {end.reason or 'nobody knows why'}"
            outcome = TrialOutcome(stopped=True, reason=reason)
        elif end.outcome == "finished":
            outcome = task.outcome or self._left(task, asked)
        else:
            asked.held.close()
            raise RunError(f"{title}: {end.reason or 'it was cancelled'}.")
        task.search.tell(asked, outcome, lambda number, trial, best: self._told(task.search, number, trial, best))

    def _left(self, task: _Task, asked: AskedTrial) -> TrialOutcome:
        """The outcome in the file that workers and this machine share, which is of no more use."""
        path = result_path(self._setup.out, task.search.cell, asked.index)
        try:
            outcome = outcome_in(path.read_bytes(), task.job.title)
        except OSError as error:
            asked.held.close()
            raise RunError(f"{task.job.title}: its worker left no outcome ({error.strerror}).") from error
        path.unlink()
        with suppress(OSError):  # others are there
            path.parent.rmdir()
        return outcome
