"""TIRG's published training, for the paper track. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOTAL_STEPS = 160_000
DECAY_EVERY = 50_000
CSS_STEPS = 210_000
BATCH = 32
TRIPLETS = {"fashioniq": 18_000, "css": 18_000, "fashion200k": 172_049}
"""Training triplets (Fashion200k: images, each once the reference) of this project's data sets: one epoch."""


def epochs(steps: int, benchmark: str) -> int:
    """That many steps as epochs over a benchmark's triplets."""
    return round(steps * BATCH / TRIPLETS[benchmark])


def recipe(benchmark: str, **more: Any) -> dict[str, Any]:
    """The paper's 160k SGD steps, ×0.1 every 50k, as epochs.

    Section 4.1 of the paper gives lr 1e-2 (1e-3 for the pretrained CNN), momentum 0.9 and batch 32; the weight decay of
    1e-6 is the authors' training script's, which does not mask repeated targets either.
    """
    milestones = range(DECAY_EVERY, TOTAL_STEPS, DECAY_EVERY)
    training = {
        "epochs": epochs(TOTAL_STEPS, benchmark),
        "milestones": tuple(epochs(step, benchmark) for step in milestones),
        "schedule": "step",
        "gamma": 0.1,
        "batch_size": BATCH,
        "optimiser": "sgd",
        "lr": 1e-2,
        "encoder": "train",
        "encoder_lr": 1e-3,
        "momentum": 0.9,
        "weight_decay": 1e-6,
        "mask_same_target": False,
    }
    return {"variant": "released", "training": training, **more}


RECIPES: Mapping[str, Mapping[str, Any]] = {
    "*": recipe("fashioniq"),
    "fashioniq": recipe("fashioniq"),
    "fashion200k": recipe("fashion200k", loss="batch-classification"),
    "css": {
        "loss": "soft-triplet",
        "level": "last-conv",
        "training": {
            "epochs": epochs(CSS_STEPS, "css"),
            "schedule": "constant",
            "milestones": (),
            "encoder_lr": None,
        },
    },
}
"""By benchmark. ``*``: the schedule of a set of FashionIQ's size. ``css``: the released command line's defaults, with
one constant rate for CNN and all the rest."""

ENCODER_RECIPES: Mapping[str, Mapping[str, Any]] = {"*": {"pretrained": True, "punctuation": "removed"}}
"""Of ``cnn-lstm:resnet18``: ImageNet weights, and words without their punctuation, as in the released code."""
