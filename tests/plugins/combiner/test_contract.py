"""Combiner, with one stage and with two, keeps the contracts of composers and methods."""

from typing import ClassVar

from cir_bench.testing import ComposerContract, MethodContract


class TestComposer(ComposerContract):
    name = "combiner"


class TestCombiner(MethodContract):
    name = "combiner"


class TestBothStages(MethodContract):
    name = "combiner"
    params: ClassVar = {"finetune": {"epochs": 1, "encoder": "train"}}
