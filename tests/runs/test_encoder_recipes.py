"""The paper track gives the paper's encoder the paper's parameters, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from cir_bench.interfaces.specs import DatasetSpec, EncoderSpec, MethodSpec
from cir_bench.params.models import Params
from cir_bench.plugin.owner import Owner
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve


class CnnParams(Params):
    size: int = 64
    depth: int = 10


REGISTRY = Registry(
    Registered(spec, Owner("cir-bench", "0", "tests"))
    for spec in (
        DatasetSpec(name="fashioniq", summary="s", implementation="m:C"),
        DatasetSpec(name="folder", summary="s", implementation="m:C"),
        EncoderSpec(name="cnn", summary="s", implementation="m:C", params=CnnParams),
        EncoderSpec(name="other", summary="s", implementation="m:C", params=CnnParams),
        MethodSpec(
            name="m",
            summary="s",
            implementation="m:C",
            paper_encoder="cnn",
            encoder_recipes={"*": {"size": 256}, "fashioniq": {"depth": 50}},
        ),
    )
)


def params(benchmark: str = "fashioniq", **request: Any) -> tuple[int, int]:
    (cell,) = resolve(RunRequest(methods=("m",), benchmarks=(benchmark,), seeds=1, **request), REGISTRY)
    assert isinstance(cell.encoder_params, CnnParams)
    return cell.encoder_params.size, cell.encoder_params.depth


def test_of_every_benchmark_and_of_this_one() -> None:
    assert params(track="paper") == (256, 50)


def test_what_the_user_sets_stands_above_it() -> None:
    assert params(track="paper", settings={"encoder": {"size": 32}}) == (32, 50)


@pytest.mark.parametrize(
    "request_", [{"track": "paper", "encoders": ("other",)}, {"track": "controlled", "encoders": ("cnn",)}]
)
def test_another_encoder_and_the_controlled_track_keep_their_defaults(request_: dict[str, Any]) -> None:
    assert params(**request_) == (64, 10)
