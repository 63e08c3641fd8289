"""Whether a cell is done, stale (because of what), failed, or still to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cir_bench.errors import CirBenchError, DataError
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.runs.cell import Cell
from cir_bench.runs.ingredients import changes, ingredients
from cir_bench.runs.workbench import Workbench
from cir_bench.training.checkpoints import LAST


class Kind(str, Enum):
    """What `run` makes of a cell."""

    DONE = "done"
    """Skipped: its record was made from exactly these ingredients."""
    STALE = "stale"
    """Run again: an ingredient changed."""
    FAILED = "failed"
    """Skipped unless --retry-failed: it failed with these settings."""
    REFUSED = "refused"
    """Never run: data set, method and encoder do not fit each other."""
    INTERRUPTED = "interrupted"
    """Goes on after its last finished epoch."""
    TO_DO = "to do"


@dataclass(frozen=True)
class State:
    """A cell's state and the reason for it."""

    kind: Kind
    why: str = ""
    record: RunRecord | None = None


def state_of(cell: Cell, out: Path, bench: Workbench) -> State:
    """The state of a cell; a data set or an encoder that cannot be loaded leaves it to do, with the reason."""
    if cell.refusal:
        return State(Kind.REFUSED, cell.refusal)
    folder = cell.folder(out)
    path = folder / RECORD_FILE
    if not path.exists():
        begun = (folder / "checkpoints" / LAST).exists()
        return State(Kind.INTERRUPTED if begun else Kind.TO_DO)
    try:
        record = read_record(path)
    except DataError as error:
        return State(Kind.TO_DO, str(error))
    if record.status == "failed":
        differ = changes(record.ingredients, cell.static_ingredients())
        why = record.failure.exception if record.failure else ""
        return State(Kind.STALE, "; ".join(differ), record) if differ else State(Kind.FAILED, why, record)
    try:
        differ = changes(record.ingredients, ingredients(cell, bench))
    except CirBenchError as error:
        return State(Kind.TO_DO, str(error), record)
    return State(Kind.STALE, "; ".join(differ), record) if differ else State(Kind.DONE, record=record)
