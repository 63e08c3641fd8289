"""VAL's published training, for the paper track. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BATCH = 32
STEPS = {"fashioniq": 25_000, "shoes": 15_000, "fashion200k": 80_000}
"""Updates. The supplement, Section 2, prints 50k, "30" (30,000 in the authors' training script) and 160k iterations;
the released code counts two for each update."""
TRIPLETS = {"fashioniq": 18_000, "shoes": 8_990, "fashion200k": 172_049, "cirr": 28_225}
"""Training triplets (Fashion200k: images, each once the reference) of this project's data sets: one epoch."""


def training(steps: int, triplets: int) -> dict[str, Any]:
    """Adam 2e-4, constant, batch 32, EMA .9999 for ``steps`` updates, as epochs over ``triplets`` triplets.

    The weight decay of 4e-5 and the absence of a mask on repeated targets are the authors' training script's.
    """
    return {
        "epochs": round(steps * BATCH / triplets),
        "batch_size": BATCH,
        "optimiser": "adam",
        "lr": 2e-4,
        "encoder": "train",
        "weight_decay": 4e-5,
        "ema": 0.9999,
        "mask_same_target": False,
    }


def _recipe(benchmark: str, **more: Any) -> dict[str, Any]:
    # The paper trains for a fixed number of steps and takes what comes out: no part of train is held out.
    steps, triplets = STEPS.get(benchmark, STEPS["fashioniq"]), TRIPLETS.get(benchmark, TRIPLETS["fashioniq"])
    settings = training(steps, triplets)
    if benchmark == "fashion200k":  # a tenth of the rate at half time, as released
        settings |= {"schedule": "step", "milestones": (settings["epochs"] // 2,), "gamma": 0.1}
    return {"variant": "released", "training": settings, "selection": {"on": "last"}, **more}


RECIPES: Mapping[str, Mapping[str, Any]] = {
    "*": _recipe("fashioniq"),
    "fashioniq": _recipe("fashioniq"),
    "shoes": _recipe("shoes", side_text="pretrain"),
    "fashion200k": _recipe("fashion200k", side_text="joint"),
    "cirr": _recipe("cirr"),
}
"""By benchmark. ``cirr`` (not in the paper): FashionIQ's steps. ``*``: the schedule of a set of FashionIQ's size."""

_RESNET: Mapping[str, Any] = {
    "backbone": "resnet50",
    "pretrained": True,
    "image_size": 256,
    "width": 512,
    "word_width": 512,
    "lstm_width": 1024,
    "text_pooling": "max",
    "text_norm": True,
    "dropout": 0.1,
    "flip": True,
    "resize": "squash",
}

ENCODER_RECIPES: Mapping[str, Mapping[str, Any]] = {
    "*": _RESNET,
    "fashioniq": {"crop": 0.84},
    "fashion200k": {"backbone": "mobilenetv1_100"},
}
"""Of ``cnn-lstm``. 256 pixels give the map sizes of the supplement's Section 1; squashed images, batch norm after the
text's projection, mirroring for all sets and random crops for FashionIQ (256 of 256 to 279 pixels a side, so at least
.84 of the area) are the authors'."""
