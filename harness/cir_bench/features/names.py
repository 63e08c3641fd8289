"""`NameSource`: numbers made from the names of images and from texts, for methods that read nothing of an encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from cir_bench.interfaces.features import EncoderShape, Features, FeatureShape

WIDTH = 8
"""Numbers of an item: the bits of a SHA-256, as far as they fit."""
SHAPE = EncoderShape(FeatureShape(pooled=WIDTH), FeatureShape(pooled=WIDTH))
_BYTES = 3
"""Of a number, which a float32 holds exactly."""


@dataclass(frozen=True)
class NameSource:
    """Pooled features ``[B, 8]`` in [0, 1) that say which image or text it is, and nothing else; nothing is encoded."""

    device: torch.device

    def images(self, ids: Sequence[str]) -> Features:
        """Of B images, by their ids."""
        return self._numbers("image", ids)

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Of each batch's images; the seeds are not used."""
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        """Of B texts, by what they say."""
        return self._numbers("text", texts)

    def _numbers(self, role: str, names: Sequence[str]) -> Features:
        digests = [hashlib.sha256(f"{role}\x1f{name}".encode(errors="surrogatepass")).digest() for name in names]
        places = range(0, WIDTH * _BYTES, _BYTES)
        rows = [[int.from_bytes(one[at : at + _BYTES], "big") / 256**_BYTES for at in places] for one in digests]
        return Features(pooled=torch.tensor(rows, dtype=torch.float32, device=self.device).reshape(-1, WIDTH))
