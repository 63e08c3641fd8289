"""ARTEMIS keeps the contracts of a composer's method, and that of a run, with every ablation."""

from cir_bench.testing import MethodContract, RunContract


class TestArtemis(MethodContract):
    name = "artemis"
    params = {"width": 16}
    variants = {"whole": {}, "explicit": {"ablation": "explicit-only"}, "implicit": {"ablation": "implicit-only"}}


class TestRuns(RunContract):
    name = "artemis"
    params = {"width": 16, "training": {"lr": 1e-3, "epochs": 2, "schedule": "constant"}}
