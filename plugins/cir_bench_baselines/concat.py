"""A two-layer MLP on [image; text]."""

from __future__ import annotations

import torch
from torch import nn

from cir_bench import Composer, Embedding, EncoderShape, Features


class ConcatComposer(Composer):
    """Linear(d_img + d_txt → hidden), ReLU, dropout, Linear(hidden → d_img) of the concatenated features.

    Args:
        shape: the encoder's widths.
        hidden: width of the hidden layer; None: d_img + d_txt.
        dropout: probability of dropout after the hidden layer.
    """

    def __init__(self, shape: EncoderShape, hidden: int | None = None, dropout: float = 0.1) -> None:
        super().__init__()
        both = shape.image.width + shape.text.width
        hidden = hidden or both
        self.mlp = nn.Sequential(
            nn.Linear(both, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, shape.image.width)
        )

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The MLP's output ``[B, d_img]``."""
        return Embedding.single(self.mlp(torch.cat([reference.need_pooled(), text.need_pooled()], dim=-1)))
