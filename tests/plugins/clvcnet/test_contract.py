"""CLVC-Net, under every switch, keeps the contracts of composers and methods."""

from cir_bench.testing import ComposerContract, MethodContract

SMALL = {"width": 8}


class TestComposer(ComposerContract):
    name = "clvcnet"
    params = SMALL
    variants = {
        "default": {},
        "average": {"alignment": "average"},
        "local": {"networks": "local"},
        "global": {"networks": "global"},
    }


class TestClvcnet(MethodContract):
    name = "clvcnet"
    params = SMALL
    variants = {
        "default": {},
        "avgpool": {"ablation": "avgpool", "feature_distance": "raw"},
        "no-mutual": {"ablation": "no-mutual"},
        "no-mutual-kl": {"ablation": "no-mutual-kl", "temperature": "divide"},
        "no-mutual-feature": {"ablation": "no-mutual-feature"},
        "local-only": {"ablation": "local-only"},
        "global-only": {"ablation": "global-only"},
        "local-only+": {"ablation": "local-only+"},
        "global-only+": {"ablation": "global-only+"},
    }
