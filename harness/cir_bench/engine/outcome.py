"""The record of a cell whose job has ended, looked at by the machine that asked for it."""

from __future__ import annotations

from cir_bench.engine.setup import EngineSetup
from cir_bench.errors import RunError
from cir_bench.interfaces.executor import JobEnded
from cir_bench.records.models import Failure
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record, write_record
from cir_bench.runs import facts
from cir_bench.runs.cell import Cell
from cir_bench.runs.execute import CellRun, tidy
from cir_bench.runs.failures import PREFIX, circumstances
from cir_bench.runs.state import state_of
from cir_bench.runs.status import Status

AGAIN = "--retry-failed runs it again from its last checkpoint"


def received(cell: Cell, setup: EngineSetup, end: JobEnded, attempts: int) -> RunRecord:
    """The record that a worker wrote, or one that says why there is none.

    `CirBenchError` if the worker's record cannot be read.
    """
    if end.outcome == "lost":
        often = f"{attempts} times, the last time since " if attempts > 1 else "since "
        return failed_record(cell, setup, f"its worker was lost {often}{end.reason or 'nobody knows why'}", AGAIN)
    if end.outcome == "late":
        return failed_record(cell, setup, end.reason, f"{AGAIN}; raise --cell-timeout")
    if end.outcome != "finished":
        return failed_record(cell, setup, end.reason or "it was cancelled", "run the same command again", passing=True)
    folder = cell.folder(setup.out)
    record = read_record(folder / RECORD_FILE)
    if record.status == "failed":
        return _as_here(record, cell, setup)
    tidy(folder)
    state = state_of(cell, setup.out, setup.bench)
    if state.status is not Status.DONE:
        why = f"the worker's result is not that of this machine: {state.reason}"
        return failed_record(cell, setup, why, "give the workers the same data", passing=True)
    return record


def failed_record(cell: Cell, setup: EngineSetup, exception: str, hint: str, *, passing: bool = False) -> RunRecord:
    """Write and return the record of a cell that did not run; ``passing``: the next run tries again by itself."""
    plugin = facts.of_plugin(cell.method)
    failure = Failure(
        plugin=plugin.distribution,
        version=plugin.version,
        stage="running",
        exception=exception,
        hint=hint,
        passing=passing,
    )
    record = CellRun(cell, setup.bench, setup.registry, setup.out).unfinished(failure)
    return _written(record, cell, setup)


def _as_here(record: RunRecord, cell: Cell, setup: EngineSetup) -> RunRecord:
    """A failure's record, whose circumstances (folders, device) are compared on this machine later."""
    here = {name: value for name, value in circumstances(cell, setup.bench).items() if name.startswith(PREFIX)}
    return _written(record.model_copy(update={"ingredients": {**record.ingredients, **here}}), cell, setup)


def _written(record: RunRecord, cell: Cell, setup: EngineSetup) -> RunRecord:
    folder = cell.folder(setup.out)
    try:
        write_record(record, folder)
    except OSError as error:
        raise RunError(f"{folder}: no record can be written ({error.strerror}).") from error
    return record
