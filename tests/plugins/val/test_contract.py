"""The contracts of composer and method, for every switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cir_bench.testing import ComposerContract, MethodContract

LEVELS = ("level1", "level2", "level3")
BEHIND_W_SA = frozenset(
    f"transformers.{level}.self_attention.{name}"
    for level in LEVELS
    for name in (
        "queries.weight",
        "queries.bias",
        "keys.weight",
        "values.weight",
        "values.bias",
        "out.0.weight",
        "out.0.bias",
    )
)
"""w_sa is 0 at the start (published), so on the first step nothing behind it has a gradient."""


class TestComposer(ComposerContract):
    name = "val"
    unused_parameters = BEHIND_W_SA


class TestWithoutSelfAttention(ComposerContract):
    name = "val"
    params: ClassVar[Mapping[str, Any]] = {"ablation": "no-self-attention"}


class TestWithoutJointAttention(ComposerContract):
    name = "val"
    params: ClassVar[Mapping[str, Any]] = {"ablation": "no-joint-attention"}


class TestLayersOfTheCode(ComposerContract):
    name = "val"
    params: ClassVar[Mapping[str, Any]] = {"layers": "code", "ablation": "no-joint-attention", "heads": 1}


class TestVal(MethodContract):
    name = "val"
    unused_parameters = frozenset(f"composer.{name}" for name in BEHIND_W_SA)


class TestJoint(MethodContract):
    name = "val"
    params: ClassVar[Mapping[str, Any]] = {"side_text": "joint", "ablation": "no-joint-attention"}


class TestPretrain(MethodContract):
    name = "val"
    params: ClassVar[Mapping[str, Any]] = {"side_text": "pretrain", "ablation": "no-self-attention", "layers": "code"}
