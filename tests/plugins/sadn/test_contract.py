"""The contract of a method, for SADN and its wider variants."""

from __future__ import annotations

from typing import Any, ClassVar

from cir_bench.testing import MethodContract


class TestSadn(MethodContract):
    name = "sadn"


class TestSadnAfterFinetuning(MethodContract):
    name = "sadn"
    params: ClassVar[dict[str, Any]] = {"finetune": {"epochs": 1}, "neighbours": 3}


class TestSadnAroundTirgWithoutNeighbourhood(MethodContract):
    name = "sadn"
    params: ClassVar[dict[str, Any]] = {"base": "tirg", "ablation": "no-neighbourhood", "features": "raw"}


class TestSadnAroundFeatureMaps(MethodContract):
    name = "sadn"
    params: ClassVar[dict[str, Any]] = {
        "base": "tirg-last-conv",
        "base_params": {"tirg-last-conv": {"embed_width": 8}},
        "neighbours": 3,
    }
