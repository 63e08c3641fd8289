"""Where a trial's outcome is put by its worker, and found by the driver. Imports no torch."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cir_bench.errors import RunError
from cir_bench.records.tuning import TrialOutcome
from cir_bench.runs.cell import Cell


def result_path(out: Path, cell: Cell, index: int) -> Path:
    """The file of a trial's outcome, below ``out``."""
    return cell.folder(out / "tuning") / "outcomes" / f"{index}.json"


def outcome_in(content: str | bytes, name: str) -> TrialOutcome:
    """The outcome that a worker wrote; `RunError` naming the job if it is none."""
    try:
        return TrialOutcome.model_validate_json(content)
    except ValidationError as error:
        raise RunError(f"{name}: its worker wrote no outcome that can be read; run the same command again.") from error
