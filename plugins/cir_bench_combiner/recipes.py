"""Combiner's published training, for the paper track. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TWO_STAGES: Mapping[str, Any] = {
    "finetune_encoders": "text",
    "finetune": {
        "epochs": 100,
        "batch_size": 128,
        "optimiser": "adamw",
        "lr": 2e-6,
        "weight_decay": 1e-2,
        "encoder": "train",
        "encoder_eval": True,
        "mask_same_target": False,
    },
    "training": {
        "epochs": 300,
        "batch_size": 4096,
        "optimiser": "adam",
        "lr": 2e-5,
        "schedule": "constant",
        "encoder": "frozen",
        "mask_same_target": False,
    },
}
"""Learning rates, batch sizes and 300 epochs from the paper; 100 epochs of fine-tuning and AdamW's own weight decay of
1e-2 from the authors' training scripts, which do not mask repeated targets either."""

RECIPES: Mapping[str, Mapping[str, Any]] = {"*": TWO_STAGES, "fashioniq": TWO_STAGES, "cirr": TWO_STAGES}

ENCODER_RECIPES: Mapping[str, Mapping[str, Any]] = {"*": {"preprocess": "target-pad", "pad_ratio": 1.25}}
"""Of ``openclip``: all commands of the released code pad images to a ratio of at most 1.25."""
