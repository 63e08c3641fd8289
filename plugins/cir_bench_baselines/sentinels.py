"""Composers that know nothing: if they leave chance level, the harness is broken."""

from __future__ import annotations

import hashlib

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Composer, Embedding, Features, MethodParams

WIDTH = 128
"""Wide enough that the random vectors of a gallery are nearly orthogonal, so that queries are nearly independent."""


class RandomComposer(Composer):
    """A random direction for every query and every candidate.

    The direction is drawn by a generator that is seeded with the composer's own salt (drawn once, from torch's
    generator, hence from the cell's seed), the role, and a cryptographic hash of the features. These are numbers made
    from the item's name, so the direction is the same whatever else is in the batch or gallery, and has nothing to do
    with what an image shows.
    """

    salt: Tensor

    def __init__(self, params: MethodParams, context: BuildContext) -> None:
        super().__init__()
        self.register_buffer("salt", torch.randint(2**62, ()))

    def compose(self, reference: Features, text: Features) -> Embedding:
        """Random unit vectors ``[B, 128]`` drawn by reference image and text."""
        return self._draw("query", reference.need_pooled(), text.need_pooled())

    def embed_target(self, image: Features) -> Embedding:
        """Random unit vectors ``[B, 128]`` drawn by the candidate image."""
        return self._draw("candidate", image.need_pooled())

    def _draw(self, role: str, *features: Tensor) -> Embedding:
        salt = f"{role}:{int(self.salt)}".encode()
        items = zip(*(_rows_of_bytes(tensor) for tensor in features), strict=True)
        drawn = [_direction(hashlib.sha256(b"\x1f".join([salt, *item])).digest()) for item in items]
        vectors = torch.stack(drawn) if drawn else torch.empty(0, WIDTH)
        return Embedding.single(vectors.to(features[0]))


class ConstantComposer(Composer):
    """One and the same vector for every query and candidate: all scores are equal, every gallery is one tie."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        """Ones ``[B, 1]``."""
        return Embedding.single(torch.ones_like(reference.need_pooled()[:, :1]))

    def embed_target(self, image: Features) -> Embedding:
        """Ones ``[B, 1]``."""
        return Embedding.single(torch.ones_like(image.need_pooled()[:, :1]))


def _rows_of_bytes(features: Tensor) -> list[bytes]:
    rows = features.detach().to(device="cpu", dtype=torch.float32).contiguous().numpy()
    return [row.tobytes() for row in rows]


def _direction(digest: bytes) -> Tensor:
    seed = int.from_bytes(digest[:8], "big") >> 1
    vector = torch.randn(WIDTH, generator=torch.Generator().manual_seed(seed))
    return F.normalize(vector, dim=0)
