"""Where SADN's values on the paper track come from. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

SOURCES: Mapping[str, Mapping[str, str]] = {
    "*": {
        "base": "paper, 4.1.2",
        "neighbours": "paper, 4.1.2",
        "tau": "paper, 4.1.2",
        "gamma": "paper, 4.1.2",
        "finetune.epochs": "paper, 4.1.2",
        "finetune.lr": "paper, 4.1.2",
        "training.epochs": "paper, 4.1.2",
        "training.lr": "paper, 4.1.2",
        "training.batch_size": "paper, 4.1.2",
        "finetune.encoder": "paper, 4.1.2",
        "training.encoder": "paper, 4.1.2",
        "finetune_encoders": "paper, 4.1.2",
        "encoder.model": "paper, 4.1.2",
        "lambda_adapt": "paper, 4.1.2",
        "encoder.pretrained": "paper, 4.1.2",
        "finetune.batch_size": "chosen (CLIP4Cir's)",
        "finetune.optimiser": "chosen (CLIP4Cir's)",
        "finetune.weight_decay": "chosen (CLIP4Cir's)",
        "finetune.encoder_eval": "chosen (CLIP4Cir's)",
        "training.optimiser": "chosen (CLIP4Cir's)",
        "finetune.mask_same_target": "chosen (CLIP4Cir's)",
        "training.mask_same_target": "chosen (CLIP4Cir's)",
        "finetune.schedule": "chosen (CLIP4Cir's)",
        "training.schedule": "chosen (CLIP4Cir's)",
        "encoder.preprocess": "chosen (CLIP4Cir's)",
        "encoder.pad_ratio": "chosen (CLIP4Cir's)",
        "features": "chosen",
        "temperature": "chosen",
        "sigma_floor": "chosen",
        "adapt_axis": "chosen",
        "rank_on": "chosen",
    },
    "cirr": {
        "gamma": "paper, 4.4.1",
    },
}
