"""Combiner, with one stage and with two, keeps the contracts of composers and methods."""

from cir_bench.testing import ComposerContract, MethodContract


class TestComposer(ComposerContract):
    name = "combiner"
    variants = {"text": {}, "joint": {"reads": "joint"}}


class TestCombiner(MethodContract):
    name = "combiner"
    variants = {
        "default": {},
        "both-stages": {"finetune": {"epochs": 1, "encoder": "train"}},
        "joint": {"reads": "joint"},
    }
