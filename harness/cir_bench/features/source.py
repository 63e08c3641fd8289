"""`FeatureSource`: where training and inference get features from, cached or live; they need not know which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from cir_bench.interfaces.features import Features


class FeatureSource(Protocol):
    """Features of images by id and of texts, on the device of the run."""

    def images(self, ids: Sequence[str]) -> Features:
        """Features of B images, repeats allowed."""

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of the images of each training batch to come, one batch after the other.

        Live sources read the images of later batches ahead, augment them where the encoder does (each by the batch's
        seed and its place in the batch), and seed torch's generators with the batch's seed before they encode.
        """

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts, repeats allowed."""
