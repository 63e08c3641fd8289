"""SEARLE keeps the contract of a method, and that of a run."""

from cir_bench.testing import MethodContract, RunContract

SMALL = {"steps": 8, "inversion_lr": 0.2, "average": 0.5, "concepts": ["red square", "blue circle", "star"]}


class TestSearle(MethodContract):
    name = "searle"
    params = SMALL


class TestRuns(RunContract):
    name = "searle"
    params = {**SMALL, "steps": 2, "training": {"lr": 1e-3}}
