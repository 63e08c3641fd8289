"""Where CLVC-Net's values on the paper track come from. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

SOURCES: Mapping[str, Mapping[str, str]] = {
    "*": {
        "width": "paper, 4.1.2",
        "tau_local": "paper, 4.1.2",
        "tau_global": "paper, 4.1.2",
        "mu": "paper, 4.1.2",
        "nu": "paper, 4.1.2",
        "lam": "paper, 4.1.2",
        "eta": "paper, 4.1.2",
        "training.optimiser": "paper, 4.1.2",
        "training.lr": "paper, 4.1.2",
        "training.batch_size": "paper, 4.1.2",
        "training.schedule": "paper, 4.1.2",
        "training.milestones": "paper, 4.1.2",
        "training.gamma": "paper, 4.1.2",
        "encoder.backbone": "paper, 4.1.2",
        "encoder.lstm_width": "paper, 4.1.2",
        "training.encoder": "paper, 3",
        "training.mask_same_target": "paper, Eqs. 9 and 15",
        "training.epochs": "released",
        "training.weight_decay": "released",
        "encoder.layer3_stride": "released",
        "encoder.last_stride": "released",
        "encoder.pretrained": "paper, 4.1.2",
        "encoder.image_size": "paper, 4.1.2",
        "selection": "chosen (released: the evaluation split)",
    },
    "shoes": {
        "training.milestones": "released",
    },
    "fashioniq": {
        "encoder.flip": "released",
        "encoder.crop": "released; its size chosen",
    },
}
