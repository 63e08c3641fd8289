"""`state_of`: a cell's record compared with what `run` would make it from now."""

from __future__ import annotations

from pathlib import Path

from cir_bench.errors import CirBenchError, DataError
from cir_bench.records.kept import damage
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.runs.cell import Cell
from cir_bench.runs.failures import changes_since
from cir_bench.runs.ingredients import changes, ingredients
from cir_bench.runs.status import CellState, Status, unfinished, without_record
from cir_bench.runs.workbench import Workbench


def state_of(cell: Cell, out: Path, bench: Workbench) -> CellState:
    """The state of a cell; if its data set or encoder cannot be loaded it is to do, with the reason."""
    if (known := without_record(cell, out)) is not None:
        return known
    folder = cell.folder(out)
    try:
        record = read_record(folder / RECORD_FILE)
    except DataError as error:
        return CellState(Status.TO_DO, str(error))
    if record.failure is not None and record.failure.passing:
        return CellState(unfinished(folder), record.failure.exception, record)
    if record.status == "failed":
        return _after_failure(cell, record, bench)
    try:
        differ = changes(record.ingredients, ingredients(cell, bench)) + damage(record, folder)
    except CirBenchError as error:
        return CellState(Status.TO_DO, str(error), record)
    return CellState(Status.STALE if differ else Status.DONE, "; ".join(differ), record)


def _after_failure(cell: Cell, record: RunRecord, bench: Workbench) -> CellState:
    differ = changes_since(record.ingredients, cell, bench)
    if differ:
        return CellState(Status.STALE, f"it failed, and since then: {'; '.join(differ)}", record)
    return CellState(Status.FAILED, record.failure.exception if record.failure else "", record)
