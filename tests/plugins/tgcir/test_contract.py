"""The contracts of composer and method, for every switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cir_bench import EncoderShape, FeatureShape
from cir_bench.testing import ComposerContract, MethodContract

SMALL: Mapping[str, Any] = {"width": 8, "local_attributes": 4}


class TestComposer(ComposerContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = SMALL


class TestMeanPooling(ComposerContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "pooling": "mean"}


class TestPooledBasis(ComposerContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "global_basis": "pooled"}
    shape = EncoderShape(FeatureShape(pooled=8, tokens=6), FeatureShape(pooled=8, tokens=5))


class TestLocalComposer(ComposerContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "attributes": "local"}


class TestGlobalComposer(ComposerContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "attributes": "global"}


class TestTgcir(MethodContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = SMALL


class TestLocalOnly(MethodContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "local-only"}


class TestGlobalOnly(MethodContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "global-only", "teacher_detach": "none"}


class TestNoOrtho(MethodContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "no-ortho", "teacher_detach": "branch"}


class TestNoTargetGuide(MethodContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "no-target-guide"}


class TestNoTargetGuideC(MethodContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "no-target-guide-c"}


class TestNoTargetGuideM(MethodContract):
    name = "tgcir"
    params: ClassVar[Mapping[str, Any]] = {**SMALL, "ablation": "no-target-guide-m"}
