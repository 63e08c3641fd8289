"""`TuningRecord`: what a tuning tried, what it chose and what that cost, as one JSON file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from cir_bench.atomic import replacing
from cir_bench.bounded import MIB, read_bounded
from cir_bench.errors import DataError
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.records.models import RecordModel, TuningFacts
from cir_bench.records.record import mistakes_of

TUNING_FILE = "tuning.json"
MOST_BYTES = 16 * MIB
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Range(RecordModel):
    """Where a parameter was looked for."""

    low: float
    high: float
    log: bool = False


class Trial(RecordModel):
    """One trial; ``score`` is the best held-out score in percent, None if it failed before the first."""

    values: dict[str, Finite]
    """By dotted name: ``training.lr``."""
    state: Literal["finished", "stopped", "failed"]
    """stopped: it was hopeless compared with the others; it counts like a finished one."""
    score: Finite | None
    seconds: float = 0.0
    reason: str = ""
    """Why it failed."""


class SeenTrial(RecordModel):
    """What a trial knows of an earlier one when it decides whether it is hopeless."""

    value: float | None
    """Its best score; None if it was stopped, or failed."""
    scores: tuple[float, ...]
    """Held out, in the order in which they were taken."""


class TrialOutcome(RecordModel):
    """How a trial ended."""

    scores: tuple[float, ...] = ()
    stopped: bool = False
    """Whether it was hopeless, or failed for a ``reason``."""
    reason: str = ""
    seconds: float = 0.0


class TuningRecord(RecordModel):
    """A finished tuning of one method on one benchmark and encoder."""

    format: Literal["cir-bench tuning 1"] = "cir-bench tuning 1"
    cell: CellKey
    """What was tuned; its seed is that of the trials' weights, batches and held-out part."""
    epochs: int
    """Of every trial, over all stages."""
    seed: int
    """Of the search."""
    space: dict[str, Range]
    trials: Annotated[tuple[Trial, ...], Field(min_length=1)]
    """In order; the first has the values that the method had before."""
    ingredients: dict[str, str] = Field(default_factory=dict)
    """What every trial depended on, in addition to its values."""

    @property
    def best(self) -> Trial:
        """The trial with the best held-out score; of equal ones the first."""
        return max(self.trials, key=lambda trial: float("-inf") if trial.score is None else trial.score)

    def is_for(self, cell: CellKey) -> bool:
        """Whether it is of the cell's method, benchmark, encoder and track."""
        names = ("method", "benchmark", "encoder", "track")
        return all(getattr(self.cell, name) == getattr(cell, name) for name in names)

    def facts(self) -> TuningFacts:
        """The tuning in brief, for the records of cells that use its choice."""
        digest = hashlib.sha256(self.model_dump_json().encode()).hexdigest()
        score = self.best.score
        return TuningFacts(trials=len(self.trials), epochs=self.epochs, seed=self.seed, score=score, digest=digest)


def write_tuning(record: TuningRecord, folder: Path) -> Path:
    """Write ``tuning.json`` into ``folder`` and return its path."""
    path = folder / TUNING_FILE
    with replacing(path) as temporary:
        temporary.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def read_tunings(place: Path) -> dict[Path, TuningRecord]:
    """The tunings below a folder, or in one file, by path; `DataError` if there is none, or one cannot be read."""
    if not place.exists():
        raise DataError(f"There is no {place}; name the folder of `cir-bench tune`, or one {TUNING_FILE}.")
    paths = sorted(place.rglob(TUNING_FILE)) if place.is_dir() else [place]
    if not paths:
        raise DataError(f"There is no {TUNING_FILE} below {place}; run `cir-bench tune` first, or name another folder.")
    return {path: _read(path) for path in paths}


def tunings_below(roots: Iterable[Path]) -> tuple[dict[str, TuningRecord], list[str]]:
    """The tunings below folders by their digest, and a sentence for each that cannot be read."""
    found, problems = {}, []
    for path in (path for root in roots for path in sorted(root.rglob(TUNING_FILE))):
        try:
            record = _read(path)
        except DataError as error:
            problems.append(str(error))
        else:
            found[record.facts().digest] = record
    return found, problems


def _read(path: Path) -> TuningRecord:
    try:
        return TuningRecord.model_validate_json(read_bounded(path, MOST_BYTES))
    except (OSError, ValueError) as error:  # a ValidationError is a ValueError
        reason = mistakes_of(error) if isinstance(error, ValidationError) else str(error)
        raise DataError(f"{path} is not a tuning of this version ({reason}); tune again.") from error
