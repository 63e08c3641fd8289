"""Random pixels, words and features, for measurements that read no data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from cir_bench import Dataset, Encoder, EncoderShape, FeatureLevel, Features, FeatureShape, ImageRef, Triplet

CACHED_WIDTH = 640
"""Of RN50x4's pooled features."""


class Noise(Dataset):
    """Random pixels and words: ``count`` triplets over ``2 × batch`` images, each image once in a batch."""

    parts = ("",)

    def __init__(self, batch: int, count: int) -> None:
        self._batch, self._count = batch, count
        rng = np.random.default_rng(0)
        self._texts = [" ".join(f"word{n}" for n in rng.integers(0, 3000, rng.integers(8, 15))) for _ in range(count)]

    def train(self) -> Sequence[Triplet]:
        places = [i % self._batch for i in range(self._count)]
        return [
            Triplet(f"reference{place}", (text,), f"target{place}")
            for place, text in zip(places, self._texts, strict=True)
        ]

    def open(self, image_id: str) -> Image.Image:
        rng = np.random.default_rng(list(image_id.encode()))
        return Image.fromarray(rng.integers(0, 256, (256, 256, 3), dtype=np.uint8))

    def has(self, image_id: str) -> bool:
        return True

    def digest(self, image_id: str) -> str:
        return image_id

    def queries(self, split: str) -> Sequence[Any]:
        return ()

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        return ()


class Drawn(Encoder):
    """Random pooled features, to fill a feature cache with."""

    shape = EncoderShape(FeatureShape(pooled=CACHED_WIDTH), FeatureShape(pooled=CACHED_WIDTH))

    def image_item(self, image: ImageRef, *, train: bool = False) -> str:
        return image.id

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        return Features(pooled=torch.randn(len(items), CACHED_WIDTH))

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        return self.encode_images(texts, levels)
