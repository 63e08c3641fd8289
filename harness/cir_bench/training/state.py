"""`TrainState`: what a training has come to, as a checkpoint keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class EpochResult:
    """One finished epoch; ``epoch`` is counted from 0."""

    stage: str
    epoch: int
    terms: dict[str, float]
    selection: float | None
    seconds: float
    images_per_second: float
    shares: dict[str, float] = field(default_factory=dict)


@dataclass
class TrainState:
    """Everything that changes from epoch to epoch, but for weights and optimisers.

    Attributes:
        stage: the number of the running stage.
        epoch: its finished epochs.
        history: every finished epoch of every stage.
        best_number: running number of the stage's best weights so far; None before the first score.
        weights_written: the highest running number; stages do not share any.
        best_epoch: epochs finished when they were taken.
        best_score: their held-out score.
        since_best: scores taken since then.
        touched: whether a stage so far trains the encoders, so that their weights must be kept.
        trained_parameters: the most numbers that a stage has trained.
    """

    stage: int = 0
    epoch: int = 0
    history: list[EpochResult] = field(default_factory=list)
    best_number: int | None = None
    best_epoch: int | None = None
    best_score: float | None = None
    since_best: int = 0
    touched: bool = False
    weights_written: int = 0
    trained_parameters: int = 0

    def begin_stage(self, number: int) -> None:
        """Start a stage, whose best epoch is chosen among its own."""
        self.stage, self.epoch, self.since_best = number, 0, 0
        self.best_number = self.best_epoch = self.best_score = None

    def is_best(self, score: float) -> bool:
        """Take note of a score after the current epoch; whether it is better than all before."""
        if self.best_score is not None and score <= self.best_score:
            self.since_best += 1
            return False
        self.best_score, self.best_epoch, self.since_best = score, self.epoch, 0
        self.weights_written += 1
        self.best_number = self.weights_written
        return True

    def to_checkpoint(self) -> dict[str, Any]:
        """As plain values."""
        return vars(self) | {"history": [vars(epoch) for epoch in self.history]}

    @classmethod
    def from_checkpoint(cls, kept: Mapping[str, Any]) -> TrainState:
        """The inverse of :meth:`to_checkpoint`; other keys are ignored."""
        values = {name: kept[name] for name in vars(cls()) if name in kept}
        return cls(**values | {"history": [EpochResult(**epoch) for epoch in kept["history"]]})
