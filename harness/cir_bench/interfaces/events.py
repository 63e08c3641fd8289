"""The events of a run: what a plugin hears of it. Imports no torch.

Every run starts and finishes once, even when it is interrupted. A cell that is run starts and finishes; a cell that is
skipped only finishes. A process that is killed outright announces nothing more; if a cell killed it, another one
continues, whose run starts anew and announces first that this cell has finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cir_bench.interfaces.cell_key import CellKey

CellOutcome = Literal["done", "failed", "interrupted", "done before", "failed before", "running elsewhere"]
"""The first three are of cells that were run; the others were skipped, the last because of another process's lock."""


@dataclass(frozen=True)
class RunStarted:
    """A run begins."""

    cells: tuple[CellKey, ...]
    """The planned cells, in order."""
    out: Path
    """The folder of their records."""


@dataclass(frozen=True)
class CellStarted:
    """A cell begins to run."""

    cell: CellKey
    number: int
    """Its place in the run, from 1."""
    of: int
    """The number of cells in the run."""
    status: str
    """Why it is run: ``to do``, ``stale``, ``interrupted`` (it continues), ``failed`` or ``refused``."""
    reason: str = ""
    """What is stale, or why it failed before; may be empty."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Every resolved parameter, by ``method``, ``encoder`` and ``dataset``, as JSON values."""


@dataclass(frozen=True)
class WorkProgress:
    """How far a longer piece of work is, announced before its first batch and after each batch."""

    cell: CellKey
    activity: Literal["training", "extracting features"]
    """``training`` or ``extracting features``."""
    detail: str
    """The stage and epoch, such as ``training 3/20``; or which features, such as ``images of css (test)``."""
    done: int
    """Images or texts that are done; in training, those of the whole stage so far."""
    total: int
    """Images or texts of all of it."""


@dataclass(frozen=True)
class EpochFinished:
    """An epoch of training is done."""

    cell: CellKey
    stage: str
    epoch: int
    """Epochs of the stage that are done, this one included."""
    epochs: int
    """The most that the stage has."""
    terms: Mapping[str, float]
    """Mean of each loss term over the epoch."""
    selection: float | None
    """The held-out score in percent; None if none was taken after this epoch."""
    seconds: float
    images_per_second: float
    """References and targets per second."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Of the gradient by loss term, at the epoch's first batch; empty where there is one term."""


@dataclass(frozen=True)
class CellFinished:
    """A cell is done, has failed, was interrupted, or is skipped."""

    cell: CellKey
    number: int
    of: int
    outcome: CellOutcome
    folder: Path
    """Its folder, with ``record.json`` unless the outcome is ``interrupted`` or ``running elsewhere``."""
    reason: str = ""
    """Why it failed or is skipped; may be empty."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """In percent, by key; empty when the targets are hidden, or without numbers."""
    headline: str = ""
    """The key in ``metrics`` that the leaderboard sorts by; empty without metrics."""
    partial: bool = False
    """Whether images were missing."""
    seconds: float = 0.0
    """Its wall-clock time when it was run."""

    @property
    def failed(self) -> bool:
        """Whether it failed, now or before."""
        return self.outcome in {"failed", "failed before"}


@dataclass(frozen=True)
class RunFinished:
    """A run is over."""

    out: Path
    """The folder of its records."""
    outcomes: Mapping[CellOutcome, int]
    """How many cells had each outcome."""
    complete: bool
    """False when cells were left: interrupted, stopped by --fail-fast, or by an error."""


Event = RunStarted | CellStarted | WorkProgress | EpochFinished | CellFinished | RunFinished
Announce = Callable[[Event], None]
"""Passes events on to whoever listens."""


def unheard(event: Event) -> None:
    """The `Announce` of those to whom nobody listens."""
