"""`Tracker`: sends what happens in a run to an experiment tracker. Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cir_bench.interfaces.cell_key import CellKey

if TYPE_CHECKING:
    from PIL.Image import Image

TrackedOutcome = Literal["done", "failed", "interrupted"]


@dataclass(frozen=True)
class TrackerContext:
    """What a tracker is constructed with."""

    out: Path
    """The folder of the records, absolute; for what a tracker writes on this machine."""


@dataclass(frozen=True)
class TrackedCell:
    """A cell, which is what trackers call a run."""

    key: CellKey
    path: str
    """Unique among the cells of an ``out``, and safe as a relative path: ``css/test@1/controlled/tiny/tirg/seed-0``."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Every resolved parameter by its dotted name, such as ``method.training.lr``, as text."""
    resumed: bool = False
    """Whether it continues, so that the steps of an earlier process go on; the tracker's run may still be open."""


class Tracker(ABC):
    """Follows one run of ``cir-bench run --track-with NAME``, and is constructed as ``Class(params, context)``.

    Several cells may be open at a time, so that nothing may depend on a "current" one. A tracker that raises is blamed
    and hears nothing more; the run goes on.
    """

    @abstractmethod
    def start(self, cell: TrackedCell) -> None:
        """A cell begins to run. Everything else comes between its start and its end."""

    @abstractmethod
    def log(self, cell: TrackedCell, values: Mapping[str, float], step: int) -> None:
        """Values after an epoch, all finite, by names such as ``loss/triplet``.

        ``step`` counts the epochs of all stages from 1; after a kill an epoch may come twice.
        """

    @abstractmethod
    def picture(self, cell: TrackedCell, name: str, image: Image) -> None:
        """An RGB picture of what the cell found, before it ends."""

    @abstractmethod
    def end(self, cell: TrackedCell, outcome: TrackedOutcome, reason: str, summary: Mapping[str, float]) -> None:
        """A cell has ended.

        ``summary`` has its final metrics (percent) and costs, all finite, by names such as ``R@1`` and
        ``train_seconds``; it is empty unless the outcome is ``done``. ``reason`` says why it failed.
        """

    def close(self) -> None:  # noqa: B027 (optional)
        """The run is over. Cells are still open if the tracker failed, or the run was stopped."""
