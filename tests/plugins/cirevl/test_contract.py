"""CIReVL keeps the contract of a method, which includes that of its composer."""

from cir_bench.testing import MethodContract, RunContract


class TestCirevl(MethodContract):
    name = "cirevl"


class TestRun(RunContract):
    name = "cirevl"
