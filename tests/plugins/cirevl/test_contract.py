"""CIReVL keeps the contract of a method, which includes that of its composer."""

from cir_bench.testing import MethodContract


class TestCirevl(MethodContract):
    name = "cirevl"
