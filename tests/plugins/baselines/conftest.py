"""The baselines on features of chosen widths, with the real loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.building import registry_of

import cir_bench_baselines
import cir_bench_losses
from cir_bench import Composer, EncoderShape, FeatureShape, Method
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.build import Builder, build_method

Maps = tuple[tuple[int, int, int], ...]
REGISTRY = registry_of(cir_bench_losses, cir_bench_baselines)


def widths(image: int, text: int, maps: Maps = ()) -> EncoderShape:
    return EncoderShape(FeatureShape(pooled=image, maps=maps), FeatureShape(pooled=text))


@pytest.fixture
def make_composer() -> Callable[..., Composer]:
    def make(name: str, image: int = 6, text: int = 6, **params: Any) -> Composer:
        return Builder(REGISTRY, widths(image, text)).composer(name, **params)

    return make


@pytest.fixture
def make_method() -> Callable[..., Method]:
    def make(name: str, image: int = 6, text: int = 6, maps: Maps = (), **params: Any) -> Method:
        registered = REGISTRY.method(name)
        return build_method(registered, make_params(registered.spec, params), REGISTRY, widths(image, text, maps))

    return make
