"""SADN around composers of other plugins, on features of a chosen width, with the real losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.building import registry_of

import cir_bench_baselines
import cir_bench_combiner
import cir_bench_losses
import cir_bench_sadn
import cir_bench_tirg
from cir_bench import EncoderShape, Features, FeatureShape, MethodSpec, TrainBatch
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.build import Builder
from cir_bench.plugin.registry import Registry
from cir_bench.testing.features import FeatureGallery
from cir_bench_sadn.method import Sadn

WIDTH = 6
SPEC: MethodSpec = cir_bench_sadn.METHODS[0]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return registry_of(cir_bench_losses, cir_bench_sadn, cir_bench_baselines, cir_bench_combiner, cir_bench_tirg)


@pytest.fixture
def make_sadn(registry: Registry) -> Callable[..., Sadn]:
    """``make_sadn(base="sum", neighbours=3)``: in float64, its weights drawn at ``seed``, scattered a little."""

    def make(*, width: int = WIDTH, seed: int = 0, scatter: float = 1.0, **params: Any) -> Sadn:
        shape = EncoderShape(FeatureShape(pooled=width), FeatureShape(pooled=width))
        torch.manual_seed(seed)
        method = Sadn(make_params(SPEC, {"base": "sum", **params}), Builder(registry, shape)).double()
        aggregation = method.composer.inner.aggregation
        with torch.no_grad():  # away from the start, where c is nearly uniform and Σ's factor is 1
            for name, parameter in aggregation.named_parameters():
                if not name.startswith("fc"):
                    parameter.add_(scatter * torch.randn(parameter.shape, dtype=parameter.dtype))
        return method

    return make


@pytest.fixture
def make_batch() -> Callable[..., TrainBatch]:
    """Made-up triplets; the targets of queries 0 and 3 are one image, unless ``repeated`` is false."""

    def make(size: int = 7, width: int = WIDTH, seed: int = 1, *, repeated: bool = True) -> TrainBatch:
        generator = torch.Generator().manual_seed(seed)
        reference, text, target = torch.randn(3, size, width, generator=generator, dtype=torch.float64)
        same = torch.eye(size, dtype=torch.bool)
        if repeated:
            target[3] = target[0]
            same[0, 3] = same[3, 0] = True
        images, first = Features(pooled=torch.cat([reference, 2 * target])), torch.arange(size)
        gallery = FeatureGallery(images, first, size + torch.where(same[0], 0, first))
        features = (Features(pooled=x) for x in (reference, 3 * text, 2 * target))
        return TrainBatch(*features, same_target=same, gallery=gallery)

    return make
