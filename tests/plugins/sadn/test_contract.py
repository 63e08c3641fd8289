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
        "readings": {
            "base": "tirg",
            "neighbours": 3,
            "temperature": "base",
            "own_target": "left-out",
            "reference_neighbour": "never",
            "rank_on": "both",
            "adapt_axis": "scores",
        },
        "joint": {"base_params": {"combiner": {"reads": "joint"}}, "neighbours": 3},
        "train-gallery": {"base": "tirg", "neighbourhood": "train", "neighbours": 3, "own_target": "left-out"},
        "base-first": {"base_training": "first", "neighbours": 3},
    }
