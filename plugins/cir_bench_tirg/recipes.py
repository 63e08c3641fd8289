"""TIRG's published training, for the paper track. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOTAL_STEPS = 160_000
DECAY_EVERY = 50_000
BATCH = 32


def recipe(train_triplets: int) -> dict[str, Any]:
    """The paper's 160k SGD steps, ×0.1 every 50k, as epochs over ``train_triplets`` triplets.

    Section 4.1 of the paper gives lr 1e-2 (1e-3 for the pretrained CNN), momentum 0.9 and batch 32; the weight decay of
    1e-6 is the authors' training script's.
    """
    steps_per_epoch = train_triplets / BATCH
    milestones = range(DECAY_EVERY, TOTAL_STEPS, DECAY_EVERY)
    return {
        "training": {
            "epochs": round(TOTAL_STEPS / steps_per_epoch),
            "milestones": tuple(round(step / steps_per_epoch) for step in milestones),
            "schedule": "step",
            "gamma": 0.1,
            "batch_size": BATCH,
            "optimiser": "sgd",
            "lr": 1e-2,
            "encoder": "train",
            "encoder_lr": 1e-3,
            "momentum": 0.9,
            "weight_decay": 1e-6,
        }
    }


RECIPES: Mapping[str, Mapping[str, Any]] = {
    "*": recipe(18_000),
    "fashioniq": recipe(18_000),
    "fashion200k": recipe(172_049) | {"loss": "batch-classification"},
    "css": recipe(18_000) | {"loss": "soft-triplet", "level": "last-conv"},
}
"""By benchmark. ``*``: the schedule of a set of FashionIQ's size (18,000 triplets)."""
