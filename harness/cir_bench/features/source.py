"""`FeatureSource`: where training and inference get features from, cached or live; they need not know which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cir_bench.interfaces.features import Features


class FeatureSource(Protocol):
    """Features of images by id and of texts, on the device of the run."""

    def images(self, ids: Sequence[str], *, train: bool = False) -> Features:
        """Features of B images, repeats allowed; ``train`` asks for training augmentation (live sources)."""

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts, repeats allowed."""
