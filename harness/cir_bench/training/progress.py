"""What the trainer tells whoever is watching."""

from __future__ import annotations

from typing import Protocol


class TrainProgress(Protocol):
    """Receives what happens, for progress bars and plain lines."""

    def epoch_started(self, stage: str, epoch: int, epochs: int, batches: int) -> None:
        """An epoch (counted from 0) of a stage of ``epochs`` begins."""

    def batch_done(self, images: int) -> None:
        """A batch of that many images was trained on."""

    def epoch_done(self, stage: str, epoch: int, loss: float, selection: float | None) -> None:
        """An epoch ended, with its mean loss and the held-out score if one was taken."""


class Silent:
    """Watches nothing."""

    def epoch_started(self, stage: str, epoch: int, epochs: int, batches: int) -> None:
        """Ignore."""

    def batch_done(self, images: int) -> None:
        """Ignore."""

    def epoch_done(self, stage: str, epoch: int, loss: float, selection: float | None) -> None:
        """Ignore."""
