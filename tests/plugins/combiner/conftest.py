"""Combiner's method on features of a chosen width, with the real loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.building import builder

import cir_bench_combiner
import cir_bench_losses
from cir_bench import EncoderShape, FeatureShape
from cir_bench_combiner.method import Combiner
from cir_bench_combiner.params import CombinerParams


@pytest.fixture
def make_combiner() -> Callable[..., Combiner]:
    def make(width: int = 4, **params: Any) -> Combiner:
        shape = EncoderShape(FeatureShape(pooled=width), FeatureShape(pooled=width))
        return Combiner(CombinerParams.model_validate(params), builder(shape, cir_bench_losses, cir_bench_combiner))

    return make
