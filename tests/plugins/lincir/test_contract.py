"""LinCIR keeps the contract of a method, and that of a run."""

from cir_bench.testing import MethodContract, RunContract


class TestLincir(MethodContract):
    name = "lincir"
    variants = {"plain": {}, "normalised": {"normalise": True, "noise": 0.1}, "released": {"variant": "released"}}


class TestRuns(RunContract):
    name = "lincir"
    params = {"training": {"lr": 1e-3, "batch_size": 16}}
