"""Where TG-CIR's values on the paper track come from. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

SOURCES: Mapping[str, Mapping[str, str]] = {
    "*": {
        "width": "paper, 4.1.2",
        "local_attributes": "paper, 4.1.2",
        "global_attributes": "paper, 4.1.2",
        "lam": "paper, 4.1.2",
        "eta": "paper, 4.1.2",
        "mu": "paper, 4.1.2",
        "nu": "paper, 4.1.2",
        "kappa": "paper, 4.1.2",
        "tau": "paper, 4.1.2",
        "training.optimiser": "paper, 4.1.2",
        "training.lr": "paper, 4.1.2",
        "training.encoder_lr": "paper, 4.1.2",
        "training.batch_size": "paper, 4.1.2",
        "training.schedule": "paper, 4.1.2",
        "training.milestones": "paper, 4.1.2",
        "training.gamma": "paper, 4.1.2",
        "encoder.model": "paper, 4.1.2",
        "encoder.pretrained": "paper, 4.1.2",
        "training.encoder": "paper, 4.1.2",
        "global_basis": "paper, Eq. 2",
        "training.mask_same_target": "paper, Eq. 11",
        "training.epochs": "released",
        "training.weight_decay": "released",
        "text_length": "released",
        "encoder.block": "released",
        "encoder.text_positions": "released",
        "training.patience": "released; its length chosen",
    },
    "fashion200k": {
        "local_attributes": "chosen (FashionIQ's)",
        "mu": "chosen (FashionIQ's)",
        "nu": "chosen (FashionIQ's)",
        "kappa": "chosen (FashionIQ's)",
        "tau": "chosen (FashionIQ's)",
    },
}
