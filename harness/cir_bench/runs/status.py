"""`CellState`: whether a cell is done, stale, failed or still to do, and why. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cir_bench.records.record import RECORD_FILE, RunRecord
from cir_bench.runs.cell import Cell
from cir_bench.training.names import LAST

CHECKPOINTS = "checkpoints"
"""The folder next to a record that holds the weights of the chosen epoch."""
SCRATCH = "features"
"""The folder next to it for features that only this cell can use; removed once it is done."""


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


def without_record(cell: Cell, out: Path) -> CellState | None:
    """The state of a cell that has no record or is refused; None if its record must be compared."""
    if cell.refusal:
        return CellState(Status.REFUSED, cell.refusal)
    folder = cell.folder(out)
    if (folder / RECORD_FILE).exists():
        return None
    return CellState(unfinished(folder))


def unfinished(folder: Path) -> Status:
    """What a cell in ``folder`` is that has not finished: interrupted, or to do."""
    return Status.INTERRUPTED if (folder / CHECKPOINTS / LAST).exists() else Status.TO_DO
