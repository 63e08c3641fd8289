"""The baselines on features of chosen widths, with the real loss."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from support import building

import cir_bench_baselines
import cir_bench_losses
from cir_bench import Composer, EncoderShape, FeatureShape, Method
from cir_bench.plugin.build import Builder

Maps = tuple[tuple[int, int, int], ...]


def builder(image: int, text: int, maps: Maps = ()) -> Builder:
    shape = EncoderShape(FeatureShape(pooled=image, maps=maps), FeatureShape(pooled=text))
    return building.builder(shape, cir_bench_losses, cir_bench_baselines)


@pytest.fixture
def make_composer() -> Callable[..., Composer]:
    def make(name: str, image: int = 6, text: int = 6, **params: Any) -> Composer:
        return builder(image, text).composer(name, **params)

    return make


@pytest.fixture
def make_method() -> Callable[..., Method]:
    specs = {spec.name: spec for spec in cir_bench_baselines.METHODS}

    def make(name: str, image: int = 6, text: int = 6, maps: Maps = (), **params: Any) -> Method:
        spec = specs[name]
        module, cls = spec.implementation.split(":")
        method: Method = getattr(importlib.import_module(module), cls)(
            spec.params.model_validate(params), builder(image, text, maps)
        )
        return method

    return make
