"""`FeatureSource`: where training and inference get features from; they need not know whether it is cached or live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from cir_bench.interfaces.features import Features


class FeatureSource(Protocol):
    """Features of images by id and of texts, on the run's device."""

    def images(self, ids: Sequence[str]) -> Features:
        """Features of B images, repeats allowed."""

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of each training batch's images, in order.

        A live source reads the images of coming batches ahead, augments them if its encoder does (each by the batch's
        seed and its place in the batch), and seeds torch's generators with the batch's seed before it encodes.
        """

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts, repeats allowed."""
