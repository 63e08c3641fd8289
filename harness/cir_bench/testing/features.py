"""Made-up features of the levels and widths that a composer or method declares, and nothing besides."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cir_bench.interfaces.features import EncoderShape, Features, FeatureShape
from cir_bench.interfaces.levels import FeatureLevel, Needs

IMAGE_WIDTH = 16
TEXT_WIDTH = 12
LENGTH = 5
MAPS = ((4, 8, 8), (8, 4, 4), (12, 2, 2))


def shape_for(needs: Needs) -> EncoderShape:
    """Widths of exactly what is needed; image and text differ where they may."""
    maps = MAPS[len(MAPS) - min(needs.map_levels, len(MAPS)) :] if FeatureLevel.MAPS in needs.image else ()
    text_width = IMAGE_WIDTH if needs.same_width else TEXT_WIDTH
    return EncoderShape(_shape(needs.image, IMAGE_WIDTH, maps), _shape(needs.text, text_width, ()))


def _shape(levels: frozenset[FeatureLevel], width: int, maps: tuple[tuple[int, int, int], ...]) -> FeatureShape:
    return FeatureShape(
        pooled=width if FeatureLevel.POOLED in levels else None,
        tokens=width if FeatureLevel.TOKENS in levels else None,
        maps=maps,
    )


def make_features(shape: FeatureShape, batch: int, seed: int, branches: Sequence[str] = ()) -> Features:
    """Normal random features ``[batch, …]``; token sequences of different lengths; ``branches`` differ."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {f"map{i}": torch.randn(batch, *size, generator=generator) for i, size in enumerate(shape.maps)}
    if shape.pooled is not None:
        tensors["pooled"] = torch.randn(batch, shape.pooled, generator=generator)
    if shape.tokens is not None:
        lengths = torch.arange(batch) % LENGTH + 1
        tensors["mask"] = torch.arange(LENGTH) < lengths[:, None]
        tensors["tokens"] = torch.randn(batch, LENGTH, shape.tokens, generator=generator) * tensors["mask"][:, :, None]
    inner = {name: make_features(shape, batch, seed + 1000 * (i + 1)) for i, name in enumerate(branches)}
    return Features.from_tensors(tensors, inner)


def zeros(features: Features) -> Features:
    """All zeros of the same shapes (what an encoder may give for an empty text); every token is padding but one."""
    tensors = {name: torch.zeros_like(tensor) for name, tensor in features.tensors().items()}
    if "mask" in tensors:
        tensors["mask"][:, 0] = True
    return Features.from_tensors(tensors, {name: zeros(branch) for name, branch in features.branches.items()})


def other_padding(features: Features) -> Features:
    """The same with other values where the mask says padding."""
    tensors = features.tensors()
    if "mask" in tensors:
        tensors["tokens"] = torch.where(tensors["mask"][:, :, None], tensors["tokens"], torch.tensor(37.0))
    return Features.from_tensors(tensors, {name: other_padding(branch) for name, branch in features.branches.items()})
