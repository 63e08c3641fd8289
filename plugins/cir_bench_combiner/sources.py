"""Where Combiner's values on the paper track come from. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

SOURCES: Mapping[str, Mapping[str, str]] = {
    "*": {
        "projection": "paper",
        "hidden": "paper",
        "dropout": "paper",
        "scale": "paper",
        "training.lr": "paper",
        "training.batch_size": "paper",
        "training.epochs": "paper",
        "training.optimiser": "paper",
        "finetune.lr": "paper",
        "finetune.batch_size": "paper",
        "finetune.optimiser": "paper",
        "finetune.encoder": "paper",
        "training.encoder": "paper",
        "encoder.model": "paper",
        "encoder.pretrained": "paper",
        "finetune.epochs": "released",
        "finetune.weight_decay": "released",
        "finetune.encoder_eval": "released",
        "finetune.mask_same_target": "released",
        "training.mask_same_target": "released",
        "training.schedule": "released",
        "finetune.schedule": "released",
        "encoder.preprocess": "released",
        "encoder.pad_ratio": "released",
        "finetune_encoders": "paper (the journal version and the released example: both)",
        "selection": "chosen (released: the evaluation split)",
    },
}
