"""Combiner's method on features of a chosen width, with the real loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import cir_bench_combiner
import cir_bench_losses
from cir_bench import EncoderShape, FeatureShape
from cir_bench.plugin.build import Builder
from cir_bench.plugin.owner import Owner
from cir_bench.plugin.registry import Registered, Registry
from cir_bench_combiner.method import Combiner
from cir_bench_combiner.params import CombinerParams


@pytest.fixture
def make_combiner() -> Callable[..., Combiner]:
    specs = [*cir_bench_losses.LOSSES, *cir_bench_combiner.COMPOSERS]
    registry = Registry([Registered(spec, Owner("cir-bench", "0", "tests")) for spec in specs])

    def make(width: int = 4, **params: Any) -> Combiner:
        shape = EncoderShape(FeatureShape(pooled=width), FeatureShape(pooled=width))
        return Combiner(CombinerParams.model_validate(params), Builder(registry, shape))

    return make
