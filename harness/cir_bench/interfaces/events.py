"""The events of a run: what a plugin hears of it. Imports no torch.

Every run starts and finishes once, even when it is interrupted. A cell that is run starts and finishes; a cell that is
skipped only finishes. Only a process that is killed outright announces nothing more.
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
    """A run begins.

    Attributes:
        cells: the planned cells, in order.
        out: the folder of their records.
    """

    cells: tuple[CellKey, ...]
    out: Path


@dataclass(frozen=True)
class CellStarted:
    """A cell begins to run.

    Attributes:
        cell: which one.
        number: its place in the run, from 1.
        of: the number of cells in the run.
        status: why it is run: ``to do``, ``stale``, ``interrupted`` (it continues), ``failed`` or ``refused``.
        reason: what is stale, or why it failed before; may be empty.
        settings: every resolved parameter, by ``method``, ``encoder`` and ``dataset``, as JSON values.
    """

    cell: CellKey
    number: int
    of: int
    status: str
    reason: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkProgress:
    """How far a longer piece of work is, announced before its first batch and after each batch.

    Attributes:
        cell: the running cell.
        activity: ``training`` or ``extracting features``.
        detail: the stage and epoch, such as ``training 3/20``; or which features, such as ``images of css (test)``.
        done: images or texts that are done; in training, those of the whole stage so far.
        total: images or texts of all of it.
    """

    cell: CellKey
    activity: Literal["training", "extracting features"]
    detail: str
    done: int
    total: int


@dataclass(frozen=True)
class EpochFinished:
    """An epoch of training is done.

    Attributes:
        cell: the running cell.
        stage: the stage's name.
        epoch: epochs of the stage that are done, this one included.
        epochs: the most that the stage has.
        terms: mean of each loss term over the epoch.
        selection: the held-out score in percent; None if none was taken after this epoch.
        seconds: its wall-clock time.
        images_per_second: references and targets per second.
    """

    cell: CellKey
    stage: str
    epoch: int
    epochs: int
    terms: Mapping[str, float]
    selection: float | None
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class CellFinished:
    """A cell is done, has failed, was interrupted, or is skipped.

    Attributes:
        cell: which one.
        number: its place in the run, from 1.
        of: the number of cells in the run.
        outcome: what became of it.
        folder: its folder, with ``record.json`` unless the outcome is ``interrupted`` or ``running elsewhere``.
        reason: why it failed or is skipped; may be empty.
        metrics: in percent, by key; empty when the targets are hidden, or without numbers.
        headline: the key in ``metrics`` that the leaderboard sorts by; empty without metrics.
        partial: whether images were missing.
        seconds: its wall-clock time when it was run.
    """

    cell: CellKey
    number: int
    of: int
    outcome: CellOutcome
    folder: Path
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    headline: str = ""
    partial: bool = False
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether it failed, now or before."""
        return self.outcome in {"failed", "failed before"}


@dataclass(frozen=True)
class RunFinished:
    """A run is over.

    Attributes:
        out: the folder of its records.
        outcomes: how many cells had each outcome.
        complete: False when cells were left: interrupted, stopped by --fail-fast, or by an error.
    """

    out: Path
    outcomes: Mapping[CellOutcome, int]
    complete: bool


Event = RunStarted | CellStarted | WorkProgress | EpochFinished | CellFinished | RunFinished
Announce = Callable[[Event], None]
"""Passes events on to whoever listens."""


def unheard(event: Event) -> None:
    """The `Announce` of those to whom nobody listens."""
