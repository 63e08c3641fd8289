"""Where TIRG's values on the paper track come from. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

SOURCES: Mapping[str, Mapping[str, str]] = {
    "*": {
        "level": "paper, 4.1",
        "loss": "paper, 4.1",
        "training.optimiser": "paper, 4.1",
        "training.lr": "paper, 4.1",
        "training.encoder_lr": "paper, 4.1",
        "training.batch_size": "paper, 4.1",
        "training.momentum": "paper, 4.1",
        "training.epochs": "paper, 4.1",
        "training.milestones": "paper, 4.1",
        "training.schedule": "paper, 4.1",
        "training.gamma": "paper, 4.1",
        "training.encoder": "paper, 4.1",
        "encoder.backbone": "paper, 4.1",
        "encoder.pretrained": "paper, 4.1",
        "encoder.lstm_width": "paper, 4.1",
        "encoder.width": "paper, 4.1",
        "scaling": "released",
        "scale": "released",
        "embed_width": "paper, 4.1",
        "training.weight_decay": "released",
        "training.mask_same_target": "released",
        "encoder.punctuation": "released",
        "encoder.dropout": "paper, 4.1",
        "encoder.text_pooling": "paper, 4.1",
        "selection": "chosen",
        "encoder.image_size": "chosen",
        "encoder.flip": "chosen",
        "encoder.crop": "chosen",
        "encoder.resize": "chosen",
        "encoder.word_width": "chosen",
        "encoder.min_count": "chosen",
    },
    "css": {
        "level": "paper, 4.4",
        "loss": "paper, 4.4",
        "training.epochs": "released",
        "training.schedule": "released",
        "training.milestones": "released",
        "training.encoder_lr": "released",
    },
}
