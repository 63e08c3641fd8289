"""A handful of pictures in memory, for contracts of encoders."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset, Query, Triplet

DATASET = "pictures"
SIZES = {"square": (48, 48), "wide": (80, 40), "tall": (30, 64)}


class Pictures(Dataset):
    """Three pictures of different sizes: coarse random blocks of colour, the same every time."""

    names: Sequence[str] = tuple(SIZES)

    def train(self) -> Sequence[Triplet]:
        """One triplet."""
        return (Triplet("square", ("is wider",), "wide"),)

    def queries(self, split: str) -> Sequence[Query]:
        """One query in any split."""
        return (Query("0", "square", ("is taller",), ("tall",)),)

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """All three."""
        return self.names

    def open(self, image_id: str) -> Image.Image:
        """Draw the picture."""
        if not self.has(image_id):
            raise DataError(f"there is no picture {image_id!r}")
        seed = list(SIZES).index(image_id)
        blocks = np.random.default_rng(seed).integers(0, 256, size=(6, 6, 3), dtype=np.uint8)
        return Image.fromarray(blocks).resize(SIZES[image_id], Image.Resampling.BICUBIC)

    def has(self, image_id: str) -> bool:
        """Whether it is one of the three."""
        return image_id in SIZES

    def digest(self, image_id: str) -> str:
        """Digest of the pixels."""
        return hashlib.sha256(self.open(image_id).tobytes()).hexdigest()
