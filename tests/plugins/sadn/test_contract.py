"""SADN, around every kind of base, keeps the contract of a method."""

from cir_bench.testing import MethodContract


class TestSadn(MethodContract):
    name = "sadn"
    variants = {
        "default": {},
        "after-finetuning": {"finetune": {"epochs": 1}, "neighbours": 3},
        "around-tirg": {"base": "tirg", "ablation": "no-neighbourhood", "features": "raw"},
        "around-maps": {
            "base": "tirg-last-conv",
            "base_params": {"tirg-last-conv": {"embed_width": 8}},
            "neighbours": 3,
        },
    }
