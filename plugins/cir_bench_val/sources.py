"""Where VAL's values on the paper track come from. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

SOURCES: Mapping[str, Mapping[str, str]] = {
    "*": {
        "heads": "paper, supplement, Table 1",
        "margin": "paper",
        "training.optimiser": "paper",
        "training.lr": "paper",
        "training.batch_size": "paper",
        "training.ema": "paper",
        "training.schedule": "paper",
        "training.encoder": "paper",
        "encoder.backbone": "paper, supplement, 1",
        "encoder.pretrained": "paper, supplement, 1",
        "encoder.image_size": "paper, supplement, 1",
        "side_text": "paper, supplement, 2",
        "training.epochs": "released",
        "selection.on": "released",
        "training.weight_decay": "released",
        "training.mask_same_target": "released",
        "encoder.flip": "released",
        "encoder.crop": "released",
        "encoder.resize": "released",
        "encoder.text_norm": "released",
        "encoder.text_pooling": "released",
        "encoder.lstm_width": "released",
        "encoder.word_width": "released",
        "encoder.width": "released",
        "encoder.dropout": "released",
    },
    "fashion200k": {
        "training.milestones": "released",
        "training.schedule": "released",
        "training.gamma": "released",
    },
    "cirr": {
        "training.epochs": "chosen",
        "side_text": "chosen",
    },
}
