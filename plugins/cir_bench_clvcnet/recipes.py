"""CLVC-Net's published training, for the paper track. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TRAINING: Mapping[str, Any] = {
    "epochs": 20,
    "batch_size": 32,
    "optimiser": "adam",
    "lr": 1e-4,
    "encoder": "train",
    "schedule": "step",
    "milestones": (10,),
    "gamma": 0.1,
    "mask_same_target": False,
}
"""Section 4.1.2 gives optimiser, rate, decay and batch, the same for every data set. It names no number of epochs (here
ten before and ten after the decay). Eqs. 9 and 15 take every other target of the batch as a negative."""

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "*": {
        "width": 1024,
        "tau_local": 7.0,
        "tau_global": 4.0,
        "mu": 10.0,
        "nu": 10.0,
        "lam": 1.0,
        "eta": 1.0,
        "feature_distance": "raw",
        "training": TRAINING,
    }
}
"""One for FashionIQ, Shoes and Fashion200k, as in the paper, and for CIRR, which it has not."""

ENCODER_RECIPES: Mapping[str, Mapping[str, Any]] = {
    "*": {"backbone": "resnet50", "pretrained": True, "image_size": 224, "last_stride": 1, "lstm_width": 1024}
}
"""Of ``cnn-lstm``; the last stage does not down-sample, so that maps are 2048×14×14. The paper names neither the width
of the word vectors (here the encoder's default) nor any augmentation (here none)."""
