"""`run_cells`: all cells of a run, one after the other; skips what is done and continues past failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cir_bench.errors import ConfigError, debugging
from cir_bench.interfaces.events import CellFinished, CellOutcome, CellStarted, RunFinished, RunStarted
from cir_bench.plugin.events import Announcer
from cir_bench.plugin.registry import Registry
from cir_bench.records.models import Failure
from cir_bench.records.record import RunRecord, write_record
from cir_bench.runs.cell import Cell
from cir_bench.runs.execute import CellRun
from cir_bench.runs.state import CellState, Status, state_of
from cir_bench.runs.workbench import Workbench


def run_cells(
    cells: Sequence[Cell],
    bench: Workbench,
    registry: Registry,
    out: Path,
    *,
    retry_failed: bool = False,
    fail_fast: bool = False,
) -> list[CellFinished]:
    """Run every cell that is not done. Failures are recorded below ``out``, and everything is announced to the plugins.

    ``retry_failed`` also runs cells that failed before; ``fail_fast`` stops at the first failure.
    """
    run = _Run(len(cells), bench, registry, out, retry_failed)
    run.announce(RunStarted(tuple(cell.key for cell in cells), out))
    bench.lifetimes.plan(cells)
    try:
        for number, cell in enumerate(cells, 1):
            run.one(number, cell)
            bench.lifetimes.finish(cell)
            if fail_fast and run.finished[-1].failed:
                break
    finally:
        outcomes = Counter(event.outcome for event in run.finished)
        complete = len(run.finished) == len(cells) and not outcomes["interrupted"]
        run.announce(RunFinished(out, dict(outcomes), complete))
    return run.finished


class _Run:
    """Arguments as of `run_cells`; ``of``: the number of cells."""

    def __init__(self, of: int, bench: Workbench, registry: Registry, out: Path, retry_failed: bool) -> None:
        self.announce = Announcer(registry.hooks)
        self.finished: list[CellFinished] = []
        self._of, self._bench, self._registry, self._out = of, bench, registry, out
        self._retry_failed = retry_failed

    def one(self, number: int, cell: Cell) -> None:
        """Run or skip one cell."""
        with self._lock(cell) as locked:
            if not locked:
                self._finish(number, cell, "running elsewhere")
                return
            state = state_of(cell, self._out, self._bench)
            if state.status is Status.DONE:
                self._finish(number, cell, "done before", record=state.record)
            elif state.status is Status.FAILED and not self._retry_failed:
                self._finish(number, cell, "failed before", state.reason, state.record)
            else:
                self._run(number, cell, state)

    def _run(self, number: int, cell: Cell, state: CellState) -> None:
        """Run a cell; a plugin that fails to listen meanwhile is noted in its record."""
        self.announce.take_complaints()  # of the run's start: not this cell's
        self.announce(CellStarted(cell.key, number, self._of, state.status.value, state.reason, cell.config()))
        run = CellRun(cell, self._bench, self._registry, self._out, self.announce)
        try:
            record = run.run()
        except BaseException as error:
            if debugging() or not isinstance(error, (Exception, SystemExit)):
                self._finish(number, cell, "interrupted")
                raise
            record = run.failed(error)  # one cell, and a plugin's sys.exit, must not end the whole run
        self._finish(number, cell, record.status, _describe(record.failure) if record.failure else "", record)
        if complaints := self.announce.take_complaints():
            noted = record.model_copy(update={"warnings": (*record.warnings, *complaints)})
            write_record(noted, cell.folder(self._out))

    def _finish(
        self, number: int, cell: Cell, outcome: CellOutcome, reason: str = "", record: RunRecord | None = None
    ) -> None:
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

    @contextmanager
    def _lock(self, cell: Cell) -> Iterator[bool]:
        """Hold the cell's lock; False while another process holds it."""
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
