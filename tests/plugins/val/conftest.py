"""VAL on features of chosen widths, with the real hinge loss, and random inputs in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.building import builder

import cir_bench_losses
import cir_bench_val
from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch
from cir_bench_val.method import Val
from cir_bench_val.params import ValParams

MAPS = ((4, 3, 2), (2, 2, 3), (6, 1, 2))
"""(C, H, W) by level; none square, so that height and width cannot be mixed up unseen."""
TEXT = 3
SHAPE = EncoderShape(FeatureShape(maps=MAPS), FeatureShape(pooled=TEXT))


@pytest.fixture
def shape() -> EncoderShape:
    return SHAPE


@pytest.fixture
def make_val() -> Callable[..., Val]:
    def make(shape: EncoderShape = SHAPE, seed: int = 0, **params: Any) -> Val:
        torch.manual_seed(seed)
        return Val(ValParams.model_validate(params), builder(shape, cir_bench_losses, cir_bench_val))

    return make


@pytest.fixture
def random_batch() -> Callable[..., TrainBatch]:
    """B triplets as float64 maps and texts with gradients; ``images`` different targets; some have a description."""

    def make(seed: int, size: int = 5, images: int | None = None, described: list[bool] | None = None) -> TrainBatch:
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

        reference = Features(maps=tuple(draw(size, *one) for one in MAPS))
        which = torch.arange(size) % (images or size)
        pictures = tuple(draw(size, *one) for one in MAPS)
        return TrainBatch(
            reference,
            Features(pooled=draw(size, TEXT)),
            Features(maps=tuple(one[which] for one in pictures)),
            which[:, None] == which,
            Features(pooled=draw(size, TEXT)),
            torch.tensor(described or [True] * size),
        )

    return make
