"""`CachedSource`: features of a frozen encoder, out of the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.features import Features


class CachedSource:
    """A `FeatureSource` over the tables of the cell's splits.

    Args:
        images: tables of every image that will be asked for.
        texts: tables of every text that will be asked for.
        device: where features are wanted.
        preload_bytes: tables up to this size are kept on ``device``; larger ones are read from their files.
    """

    def __init__(
        self,
        images: Sequence[FeatureTable],
        texts: Sequence[FeatureTable],
        device: torch.device | str = "cpu",
        preload_bytes: int = 1 << 30,
    ) -> None:
        self._device = device
        self._images, self._texts = FeatureTable.join(images), FeatureTable.join(texts)
        for table in (self._images, self._texts):
            table.preload(device, preload_bytes)

    def images(self, ids: Sequence[str]) -> Features:
        """Features of B images."""
        return self._images.rows(ids, self._device)

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of each batch; frozen features know no augmentation, so nothing is drawn."""
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts."""
        return self._texts.rows(texts, self._device)
