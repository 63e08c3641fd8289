"""Random features of exactly the levels and widths that a composer or method declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cir_bench.features import names
from cir_bench.interfaces.features import EncoderShape, Features, FeatureShape
from cir_bench.interfaces.levels import Examples, FeatureLevel, Needs

IMAGE_WIDTH = 16
TEXT_WIDTH = 12
LENGTH = 5
MAPS = ((4, 8, 8), (8, 4, 4), (12, 2, 2))


def shape_for(needs: Needs) -> EncoderShape:
    """Widths of exactly the levels that are needed; image and text differ unless ``same_width``."""
    if not needs.features:
        return names.SHAPE
    maps = MAPS[len(MAPS) - min(needs.map_levels, len(MAPS)) :] if FeatureLevel.MAPS in needs.image else ()
    text_width = IMAGE_WIDTH if needs.same_width else TEXT_WIDTH
    joint = _shape(needs.joint, IMAGE_WIDTH, ())
    return EncoderShape(_shape(needs.image, IMAGE_WIDTH, maps), _shape(needs.text, text_width, ()), joint)


def _shape(levels: frozenset[FeatureLevel], width: int, maps: tuple[tuple[int, int, int], ...]) -> FeatureShape:
    return FeatureShape(
        pooled=width if FeatureLevel.POOLED in levels else None,
        tokens=width if FeatureLevel.TOKENS in levels else None,
        maps=maps,
    )


def random_features(shape: FeatureShape, batch: int, seed: int, branches: Sequence[str] = ()) -> Features:
    """Normal random features ``[batch, …]``; token sequences of different lengths; each branch has its own values."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {f"map{i}": torch.randn(batch, *size, generator=generator) for i, size in enumerate(shape.maps)}
    if shape.pooled is not None:
        tensors["pooled"] = torch.randn(batch, shape.pooled, generator=generator)
    if shape.tokens is not None:
        lengths = torch.arange(batch) % LENGTH + 1
        tensors["mask"] = torch.arange(LENGTH) < lengths[:, None]
        tensors["tokens"] = torch.randn(batch, LENGTH, shape.tokens, generator=generator) * tensors["mask"][:, :, None]
    inner = {name: random_features(shape, batch, seed + 1000 * (i + 1)) for i, name in enumerate(branches)}
    return Features.from_tensors(tensors, inner)


def random_texts(shape: EncoderShape, batch: int, seed: int, branches: Sequence[str] = ()) -> Features:
    """Random features of texts, with joint ones if the shape has some."""
    texts = random_features(shape.text, batch, seed, branches)
    if shape.joint == FeatureShape():
        return texts
    return texts.with_joint(random_features(shape.joint, batch, seed + 5000, branches))


def zeros(features: Features) -> Features:
    """Zeros of the same shapes, as an encoder may give for an empty text; one token is not padding."""
    tensors = {name: torch.zeros_like(tensor) for name, tensor in features.tensors().items()}
    if "mask" in tensors:
        tensors["mask"][:, 0] = True
    branches = {name: zeros(branch) for name, branch in features.branches.items()}
    return Features.from_tensors(tensors, branches, features.texts)


def as_learned_from(
    examples: Examples, reference: Features, text: Features, target: Features
) -> tuple[Features, Features, Features]:
    """References, texts and targets as a method gets them that learns from images or from texts alone."""
    if examples == "images":
        return target, replace(zeros(text), texts=("",) * len(text)), target
    return (Features(), text, Features()) if examples == "texts" else (reference, text, target)


def other_padding(features: Features) -> Features:
    """The same features with other values where the mask marks padding."""
    tensors = features.tensors()
    if "mask" in tensors:
        tensors["tokens"] = torch.where(tensors["mask"][:, :, None], tensors["tokens"], torch.tensor(37.0))
    branches = {name: other_padding(branch) for name, branch in features.branches.items()}
    return Features.from_tensors(tensors, branches, features.texts)


def require_gradients(features: Features) -> None:
    """Make every tensor, those of branches included, a leaf that gets a gradient."""
    for tensor in features.tensors().values():
        if tensor.is_floating_point():
            tensor.requires_grad_()
    for branch in features.branches.values():
        require_gradients(branch)


@dataclass(frozen=True)
class FeatureGallery:
    """A `TrainGallery` of features that are given."""

    images: Features
    reference: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def features(self, rows: Tensor) -> Features:
        """Features of the images ``rows``."""
        return self.images[rows]
