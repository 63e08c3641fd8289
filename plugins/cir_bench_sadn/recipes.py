"""SADN's published training, for the paper track. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TWO_STAGES: Mapping[str, Any] = {
    "finetune_encoders": "both",
    "finetune": {
        "epochs": 10,
        "batch_size": 128,
        "optimiser": "adamw",
        "lr": 2e-6,
        "weight_decay": 1e-2,
        "encoder": "train",
        "encoder_eval": True,
        "mask_same_target": False,
    },
    "training": {
        "epochs": 100,
        "batch_size": 2048,
        "optimiser": "adam",
        "lr": 2e-5,
        "schedule": "constant",
        "encoder": "frozen",
        "mask_same_target": False,
    },
    "neighbours": 10,
    "tau": 100.0,
    "temperature": "base",
    "lambda_adapt": 100.0,
}
"""Section 4.1.2: 10 epochs at 2e-6 for both encoders, then 100 epochs at 2e-5 in batches of 2048; K, τ and λ. Not told
are optimisers and the first stage's batch, weight decay and frozen batch norm statistics: CLIP4Cir's, whose Combiner
SADN takes."""

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "*": {**TWO_STAGES, "gamma": 2.0},
    "fashioniq": {**TWO_STAGES, "gamma": 2.0},
    "cirr": {**TWO_STAGES, "gamma": 3.0},
}
"""By benchmark: γ = 2 on FashionIQ (and where the paper has no number), 3 on CIRR (Section 4.4.1)."""

ENCODER_RECIPES: Mapping[str, Mapping[str, Any]] = {"*": {"preprocess": "target-pad", "pad_ratio": 1.25}}
"""Of ``openclip``: the paper names no preprocessing; CLIP4Cir's."""
