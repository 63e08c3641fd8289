"""The objects of this plugin pass cir-bench's contract tests."""

from cir_bench.testing import ComposerContract, LossContract, MethodContract


class TestComposer(ComposerContract):
    name = "translation"


class TestLoss(LossContract):
    name = "margin-softmax"


class TestMethod(MethodContract):
    name = "translation"
