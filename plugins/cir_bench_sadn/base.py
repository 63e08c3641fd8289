"""What the base composer's embeddings look like: a third party's composer says it only by composing something."""

from __future__ import annotations

import torch
from torch import Tensor

from cir_bench import Composer, Embedding, EncoderShape, Features, FeatureShape


def output_of(base: Composer, shape: EncoderShape) -> Embedding:
    """The embedding that ``base`` composes of two reference images and texts of zeros (no gradient, no dropout)."""
    training = base.training
    base.eval()
    with torch.no_grad():
        text, joint = _zeros(shape.text), _zeros(shape.joint)
        composed = base.compose(_zeros(shape.image), text.with_joint(joint) if joint.levels else text)
    base.train(training)
    return composed


def _zeros(shape: FeatureShape, batch: int = 2) -> Features:
    tensors: dict[str, Tensor] = {f"map{i}": torch.zeros(batch, *size) for i, size in enumerate(shape.maps)}
    if shape.pooled is not None:
        tensors["pooled"] = torch.zeros(batch, shape.pooled)
    if shape.tokens is not None:
        tensors |= {"tokens": torch.zeros(batch, 1, shape.tokens), "mask": torch.ones(batch, 1, dtype=torch.bool)}
    return Features.from_tensors(tensors)
