"""`CellState`: whether a cell is done, stale, failed or still to do, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cir_bench.errors import CirBenchError, DataError
from cir_bench.records.kept import damage
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.runs.assembly import CHECKPOINTS
from cir_bench.runs.cell import Cell
from cir_bench.runs.failures import changes_since
from cir_bench.runs.ingredients import changes, ingredients
from cir_bench.runs.workbench import Workbench
from cir_bench.training.checkpoints import LAST


class Status(str, Enum):
    """What `run` does with a cell."""

    DONE = "done"
    """Skipped: its record was made from exactly these ingredients."""
    STALE = "stale"
    """Run again: an ingredient changed, or something that its failure depended on."""
    FAILED = "failed"
    """Skipped unless --retry-failed is given: it failed, and nothing that it depends on has changed."""
    REFUSED = "refused"
    """Cannot run: data set, method and encoder do not fit each other."""
    INTERRUPTED = "interrupted"
    """Continues after its last finished epoch."""
    TO_DO = "to do"

    @property
    def runs(self) -> bool:
        """Whether `run` trains or evaluates it."""
        return self in {Status.TO_DO, Status.STALE, Status.INTERRUPTED}


@dataclass(frozen=True)
class CellState:
    """A cell's status, the reason for it, and its record if it has one."""

    status: Status
    reason: str = ""
    record: RunRecord | None = None


def state_of(cell: Cell, out: Path, bench: Workbench) -> CellState:
    """The state of a cell; if its data set or encoder cannot be loaded it is to do, with the reason."""
    if cell.refusal:
        return CellState(Status.REFUSED, cell.refusal)
    folder = cell.folder(out)
    path = folder / RECORD_FILE
    unfinished = Status.INTERRUPTED if (folder / CHECKPOINTS / LAST).exists() else Status.TO_DO
    if not path.exists():
        return CellState(unfinished)
    try:
        record = read_record(path)
    except DataError as error:
        return CellState(Status.TO_DO, str(error))
    if record.failure is not None and record.failure.passing:
        return CellState(unfinished, record.failure.exception, record)
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
