"""`run_cells`: all cells of a run, one after the other; skips what is done and continues past failures."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from cir_bench.errors import ConfigError, debugging
from cir_bench.interfaces.events import CellFinished, CellOutcome, CellStarted, RunFinished, RunStarted
from cir_bench.interrupts import by_user
from cir_bench.plugin.events import Announcer, new_manager
from cir_bench.plugin.guards import guarded
from cir_bench.plugin.registry import Registry
from cir_bench.ranks.group import LostRankError
from cir_bench.records.models import Failure
from cir_bench.records.record import RunRecord, write_record
from cir_bench.runs import facts
from cir_bench.runs.cell import Cell
from cir_bench.runs.execute import CellRun, tidy
from cir_bench.runs.lifeline import Lifeline
from cir_bench.runs.state import state_of
from cir_bench.runs.status import CellState, Status
from cir_bench.runs.workbench import Workbench

_LOG = logging.getLogger(__name__)


def run_cells(
    cells: Sequence[Cell],
    bench: Workbench,
    registry: Registry,
    out: Path,
    *,
    retry_failed: bool = False,
    fail_fast: bool = False,
    lifeline: Lifeline | None = None,
) -> list[CellFinished]:
    """Run every cell that is not done. Failures are recorded below ``out``, and everything is announced to the plugins.

    ``retry_failed`` also runs cells that failed before; ``fail_fast`` stops at the first failure.
    With a ``lifeline``, a watching process hears where this one is, and cells that an earlier process finished are left
    out.
    """
    run = CellRunner(len(cells), bench, registry, out, retry_failed=retry_failed, lifeline=lifeline)
    run.announce(RunStarted(tuple(cell.key for cell in cells), out))
    for event in lifeline.unheard if lifeline else ():
        run.announce(event)
    first = len(run.finished)
    bench.lifetimes.plan(cells[first:], run.runs)
    try:
        for number, cell in enumerate(cells[first:], first + 1):
            if fail_fast and run.finished and run.finished[-1].failed:
                break
            run.one(number, cell)
            bench.lifetimes.finish(cell)
    finally:
        run.end(len(cells))
    return run.finished


class CellRunner:
    """Runs or skips single cells, and announces it. Arguments as of `run_cells`; ``of``: the number of cells."""

    def __init__(
        self,
        of: int,
        bench: Workbench,
        registry: Registry,
        out: Path,
        *,
        retry_failed: bool = False,
        lifeline: Lifeline | None = None,
    ) -> None:
        self._ranks = bench.ranks
        self.announce = Announcer(registry.hooks if self._ranks.first else new_manager())
        self.finished: list[CellFinished] = list(lifeline.before) if lifeline else []
        self._lifeline = lifeline
        self._of, self._bench, self._registry, self._out = of, bench, registry, out
        self._retry_failed = retry_failed

    def runs(self, cell: Cell) -> bool:
        """Whether :meth:`one` will run a cell rather than skip it."""
        status = state_of(cell, self._out, self._bench).status
        return status.runs or (status is Status.FAILED and self._retry_failed)

    def end(self, planned: int) -> None:
        """The run is over, or was interrupted."""
        outcomes = Counter(event.outcome for event in self.finished)
        complete = len(self.finished) == planned and not outcomes["interrupted"]
        self.announce(RunFinished(self._out, dict(outcomes), complete))

    def one(self, number: int, cell: Cell) -> None:
        """Run or skip one cell."""
        if self._lifeline is not None:
            death = CellFinished(cell.key, number, self._of, "failed", cell.folder(self._out))
            plugin = facts.of_plugin(cell.method)
            failure = Failure(plugin=plugin.distribution, version=plugin.version, stage="running", exception="")
            self._lifeline.begin(death, CellRun(cell, self._bench, self._registry, self._out).unfinished(failure))
        with self.lock(cell) as locked, guarded(partial(self._changed, cell)):
            state = self._ranks.agree(lambda: state_of(cell, self._out, self._bench) if locked else None)
            if state is None:
                self.finish(number, cell, "running elsewhere")
            elif not self.skips(number, cell, state):
                self._run(number, cell, state)

    def skips(self, number: int, cell: Cell, state: CellState) -> bool:
        """Whether a cell is not run, which is then announced."""
        if state.status is Status.DONE:
            if self._ranks.first:
                tidy(cell.folder(self._out))  # a kill came between its record and this
            self.finish(number, cell, "done before", record=state.record)
            return True
        if state.status is Status.FAILED and not self._retry_failed:
            self.finish(number, cell, "failed before", state.reason, state.record)
            return True
        return False

    def _changed(self, cell: Cell, what: str) -> None:
        """Code that no plugin is blamed for, such as a data set's, changed global state."""
        _LOG.warning("%s: a plugin changed %s; it is restored", cell.key.name, what)

    def _run(self, number: int, cell: Cell, state: CellState) -> None:
        """Run a cell; a plugin that fails to listen meanwhile is noted in its record."""
        if self._lifeline is not None:
            self._lifeline.running()
        self.announce.take_complaints()  # of the run's start: not this cell's
        self.announce(CellStarted(cell.key, number, self._of, state.status.value, state.reason, cell.config()))
        run = CellRun(cell, self._bench, self._registry, self._out, self.announce)
        try:
            record = self._recorded(run)
        except BaseException:
            self.finish(number, cell, "interrupted")
            raise
        self.ended(number, cell, record)

    def ended(self, number: int, cell: Cell, record: RunRecord) -> None:
        """Announce the record of a cell that was run, and note in it which listeners failed meanwhile."""
        self.finish(number, cell, record.status, _describe(record.failure) if record.failure else "", record)
        if self._ranks.first and (complaints := self.announce.take_complaints()):
            noted = record.model_copy(update={"warnings": (*record.warnings, *complaints)})
            with suppress(OSError):  # the record without them is there, or said to be unwritable
                write_record(noted, cell.folder(self._out))

    def _recorded(self, run: CellRun) -> RunRecord:
        """The record of a run that ended, well or not; raises what must end the whole run."""
        try:
            return run.run()
        except BaseException as error:
            if debugging() or by_user(error) or isinstance(error, LostRankError):
                raise
            return run.failed(error)  # one cell, and a plugin's sys.exit, must not end the whole run

    def finish(
        self, number: int, cell: Cell, outcome: CellOutcome, reason: str = "", record: RunRecord | None = None
    ) -> None:
        """Announce what became of a cell."""
        finished = CellFinished(
            cell=cell.key,
            number=number,
            of=self._of,
            outcome=outcome,
            folder=cell.folder(self._out),
            reason=reason,
            metrics=record.metrics if record else {},
            headline=record.headline if record else "",
            partial=record is not None and record.partial,
            seconds=sum(phase.seconds for phase in record.cost.phases) if record else 0.0,
        )
        self.finished.append(finished)
        self.announce(finished)
        if self._lifeline is not None and outcome != "interrupted":
            self._lifeline.finish(finished)

    @contextmanager
    def lock(self, cell: Cell) -> Iterator[bool]:
        """Hold the cell's lock, the first rank for all of them; False while another process holds it."""
        if not self._ranks.first:
            yield False  # what it does is decided by the first
            return
        folder = cell.folder(self._out)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"--out {self._out}: {folder} cannot be created ({error.strerror}); choose a folder that is writable."
            ) from error
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            pass
        except (OSError, NotImplementedError) as error:
            raise ConfigError(
                f"--out {self._out}: {folder} cannot be locked ({error}); "
                "choose a folder whose file system has file locks."
            ) from error
        try:
            yield lock.is_locked
        finally:
            lock.release()


def _describe(failure: Failure) -> str:
    return f"{failure.exception} ({failure.stage}){f'; {failure.hint}' if failure.hint else ''}"
