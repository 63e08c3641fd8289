"""`run_on`: the cells of a run as jobs of an executor; skips what is done, tries again what is lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from cir_bench.engine.groups import Groups
from cir_bench.engine.home import Home
from cir_bench.engine.jobs import Jobs
from cir_bench.engine.order import longest_first
from cir_bench.engine.outcome import failed_record, received
from cir_bench.engine.pack import Packer
from cir_bench.engine.setup import EngineSetup
from cir_bench.errors import CirBenchError
from cir_bench.interfaces.events import CellFinished, CellStarted, Event, RunStarted
from cir_bench.interfaces.executor import Executor, Job, JobEnded, JobEvent, JobFiles, Message
from cir_bench.runs.cell import Cell
from cir_bench.runs.schedule import CellRunner
from cir_bench.runs.state import state_of
from cir_bench.runs.status import CellState, Status

_LOG = logging.getLogger(__name__)


@dataclass
class _Task:
    """A job that has been submitted; ``number``: the place of its cell in the run, 0 of the features of a group."""

    job: Job
    cells: Sequence[Cell]
    state: CellState = field(default_factory=lambda: CellState(Status.TO_DO))
    number: int = 0
    attempt: int = 1
    started: bool = False
    said: CellFinished | None = None
    held: ExitStack = field(default_factory=ExitStack)

    @property
    def cell(self) -> Cell:
        return self.cells[0]


def run_on(executor: Executor, cells: Sequence[Cell], setup: EngineSetup) -> list[CellFinished]:
    """As `cir_bench.runs.schedule.run_cells`, on the workers of an executor; the longest cells begin first."""
    planned = {cell.key: place for place, cell in enumerate(cells)}
    if setup.most_jobs > 1:
        cells = longest_first(cells, setup.bench.costs.read())
    drive = _Drive(executor, cells, setup)
    try:
        return sorted(drive.run(), key=lambda finished: planned[finished.cell])
    finally:
        executor.close()


class _Drive:
    def __init__(self, executor: Executor, cells: Sequence[Cell], setup: EngineSetup) -> None:
        self._executor, self._cells, self._setup = executor, cells, setup
        self._runner = CellRunner(len(cells), setup.bench, setup.registry, setup.out, retry_failed=setup.retry_failed)
        self._packer = Packer(setup, shared=executor.shares_files)
        self._home = Home(setup.out, setup.cache_dir)
        self._waiting = list(enumerate(cells, 1))
        self._jobs: Jobs[_Task] = Jobs(executor)
        self._groups = Groups(setup.bench)
        self._stopping = False

    def run(self) -> list[CellFinished]:
        runner, bench = self._runner, self._setup.bench
        runner.announce(RunStarted(tuple(cell.key for cell in self._cells), self._setup.out))
        bench.lifetimes.plan(self._cells, runner.runs)
        try:
            self._jobs.follow(self._submit_what_can, self._hear)
        finally:
            for task in self._jobs.cancel():
                if task.started:
                    runner.finish(task.number, task.cell, "interrupted")
                task.held.close()
            runner.end(len(self._cells))
        return runner.finished

    def _submit_what_can(self) -> None:
        """Give the executor cells until it has enough; those whose features are being extracted wait."""
        kept: list[tuple[int, Cell]] = []
        for place, (number, cell) in enumerate(self._waiting):
            if self._stopping:
                self._waiting = []
                return
            if len(self._jobs) >= self._setup.most_jobs:
                kept += self._waiting[place:]
                break
            if self._waits(cell, [one for _, one in self._waiting[place:]]):
                kept.append((number, cell))
            else:
                self._begin(number, cell)
        self._waiting = kept

    def _waits(self, cell: Cell, waiting: Sequence[Cell]) -> bool:
        """Whether a cell waits for the features of its group, whose extraction begins now if it has not."""
        if self._groups.extracting(cell):
            return True
        group = self._groups.to_extract(cell, waiting, self._runner.runs)
        if group:
            self._jobs.submit(_Task(self._packer.job("features", group, 1), group))
        return bool(group)

    def _begin(self, number: int, cell: Cell) -> None:
        """Submit a cell, unless it is skipped or refused. Its lock is held here if workers cannot."""
        if cell.refusal:
            self._runner.one(number, cell)
            self._done_with(cell)
            return
        held = ExitStack()
        locked = held.enter_context(self._runner.lock(cell))
        state = state_of(cell, self._setup.out, self._setup.bench) if locked else None
        if state is None and self._executor.has(self._packer.job("cell", [cell], 1)):
            state = CellState(Status.INTERRUPTED, "it runs on from an earlier command")
        if state is None:
            self._runner.finish(number, cell, "running elsewhere")
        elif not self._runner.skips(number, cell, state):
            if self._executor.shares_files:
                held.close()  # the worker takes it
            self._jobs.submit(_Task(self._packer.job("cell", [cell], 1), [cell], state, number, held=held))
            return
        held.close()
        self._done_with(cell)

    def _hear(self, task: _Task, message: Message) -> None:
        if isinstance(message, JobEvent):
            self._event(task, message.event)
        elif isinstance(message, JobFiles):
            self._home.of_cell(task.cell, message.files) if task.number else self._home.of_features(message.files)
        else:
            self._extracted(task, message) if not task.number else self._ended(task, message)

    def _event(self, task: _Task, event: Event) -> None:
        if isinstance(event, CellFinished):
            task.said = event
        elif isinstance(event, CellStarted):
            self._started(task)
        else:
            self._runner.announce(event)

    def _started(self, task: _Task) -> None:
        """Announce it once, however often the cell is tried."""
        if not task.started:
            task.started, state = True, task.state
            of, config = len(self._cells), task.cell.config()
            started = CellStarted(task.cell.key, task.number, of, state.status.value, state.reason, config)
            self._runner.announce(started)

    def _extracted(self, task: _Task, end: JobEnded) -> None:
        """The cells of the group go on; what they lack, each extracts itself, or fails for by name."""
        if end.outcome != "finished":
            _LOG.warning("%s: %s", task.job.title, end.reason)
        self._groups.extracted(task.cell)

    def _ended(self, task: _Task, end: JobEnded) -> None:
        setup = self._setup
        if end.outcome == "lost" and task.attempt <= setup.retries:
            _LOG.warning("%s: the worker was lost (%s); it is tried again", task.cell.key.name, end.reason)
            job = self._packer.job("cell", task.cells, task.attempt + 1)
            self._jobs.submit(
                _Task(job, task.cells, task.state, task.number, task.attempt + 1, task.started, held=task.held)
            )
            return
        with task.held:
            self._started(task)
            skipped = end.outcome == "finished" and task.said is not None and task.said.outcome
            if skipped == "running elsewhere":
                self._runner.finish(task.number, task.cell, "running elsewhere")
            else:
                try:
                    record = received(task.cell, setup, end, task.attempt)
                except CirBenchError as error:
                    record = failed_record(task.cell, setup, str(error), "run the same command again", passing=True)
                self._runner.ended(task.number, task.cell, record)
                self._stopping |= setup.fail_fast and record.status == "failed"
        self._done_with(task.cell)

    def _done_with(self, cell: Cell) -> None:
        self._setup.bench.lifetimes.finish(cell)
