"""`CachedSource`: features of a frozen encoder, read from the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.features import Features


@dataclass(frozen=True)
class CachedSource:
    """A `FeatureSource` over tables of every image and text that will be asked for, on ``device``."""

    image_table: FeatureTable
    text_table: FeatureTable
    device: torch.device

    def images(self, ids: Sequence[str]) -> Features:
        """Features of B images."""
        return self.image_table.rows(ids, self.device)

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of each batch; cached features are not augmented, so the seeds are not used."""
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts."""
        return self.text_table.rows(texts, self.device)
