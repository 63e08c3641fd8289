"""Every baseline and sentinel keeps the contracts of composers and methods."""

from cir_bench.testing import ComposerContract, MethodContract


class TestRandomComposer(ComposerContract):
    name = "random"


class TestRandom(MethodContract):
    name = "random"


class TestConstantComposer(ComposerContract):
    name = "constant"


class TestConstant(MethodContract):
    name = "constant"


class TestImageOnlyComposer(ComposerContract):
    name = "image-only"


class TestImageOnly(MethodContract):
    name = "image-only"


class TestTextOnlyComposer(ComposerContract):
    name = "text-only"


class TestTextOnly(MethodContract):
    name = "text-only"


class TestSumComposer(ComposerContract):
    name = "sum"


class TestSum(MethodContract):
    name = "sum"


class TestConcatComposer(ComposerContract):
    name = "concat"


class TestConcat(MethodContract):
    name = "concat"
