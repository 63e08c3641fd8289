"""Every baseline and sentinel keeps the contract of a method, which includes that of its composer."""

from cir_bench.testing import MethodContract


class TestRandom(MethodContract):
    name = "random"


class TestConstant(MethodContract):
    name = "constant"


class TestImageOnly(MethodContract):
    name = "image-only"


class TestTextOnly(MethodContract):
    name = "text-only"


class TestSum(MethodContract):
    name = "sum"


class TestConcat(MethodContract):
    name = "concat"
