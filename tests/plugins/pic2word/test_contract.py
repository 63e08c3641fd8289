"""Pic2Word keeps the contract of a method, and that of a run."""

from cir_bench.testing import MethodContract, RunContract


class TestPic2word(MethodContract):
    name = "pic2word"
    params = {"hidden": 24, "scale": 10.0}


class TestRuns(RunContract):
    name = "pic2word"
    params = {"training": {"lr": 1e-3}}
