"""TIRG's method on features of chosen widths, with the real losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.building import builder

import cir_bench_losses
import cir_bench_tirg
from cir_bench import EncoderShape, FeatureShape
from cir_bench_tirg.method import Tirg
from cir_bench_tirg.params import TirgParams


@pytest.fixture
def make_tirg() -> Callable[..., Tirg]:
    def make(image: int = 6, text: int = 4, maps: tuple[tuple[int, int, int], ...] = (), **params: Any) -> Tirg:
        shape = EncoderShape(FeatureShape(pooled=image, maps=maps), FeatureShape(pooled=text))
        return Tirg(TirgParams.model_validate(params), builder(shape, cir_bench_losses, cir_bench_tirg))

    return make
