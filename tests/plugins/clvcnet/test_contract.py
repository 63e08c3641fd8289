"""The contracts of composer and method, for every switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cir_bench.testing import ComposerContract, MethodContract

SMALL: Mapping[str, Any] = {"width": 8}


class TestComposer(ComposerContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = SMALL


class TestAveragingComposer(ComposerContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "alignment": "average"}


class TestLocalComposer(ComposerContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "networks": "local"}


class TestGlobalComposer(ComposerContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "networks": "global"}


class TestClvcnet(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = SMALL


class TestAvgpool(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "avgpool", "feature_distance": "raw"}


class TestNoMutual(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "no-mutual"}


class TestNoMutualKl(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "no-mutual-kl", "temperature": "divide"}


class TestNoMutualFeature(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "no-mutual-feature"}


class TestLocalOnly(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "local-only"}


class TestGlobalOnly(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "global-only"}


class TestLocalOnlyPlus(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "local-only+"}


class TestGlobalOnlyPlus(MethodContract):
    name = "clvcnet"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "global-only+"}
