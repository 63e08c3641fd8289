"""A two-layer MLP on [image; text]."""

from __future__ import annotations

import torch
from torch import nn

from cir_bench import BuildContext, Composer, Embedding, Features
from cir_bench_baselines.params import ConcatParams


class ConcatComposer(Composer):
    """Linear(d_img + d_txt → hidden), ReLU, dropout, Linear(hidden → d_img) of the concatenated features.

    Args:
        params: the hidden layer's width (None: d_img + d_txt) and dropout.
        context: the encoder's widths.
    """

    def __init__(self, params: ConcatParams, context: BuildContext) -> None:
        super().__init__()
        image, text = context.shape.image.width, context.shape.text.width
        hidden = params.hidden or image + text
        self.mlp = nn.Sequential(
            nn.Linear(image + text, hidden), nn.ReLU(), nn.Dropout(params.dropout), nn.Linear(hidden, image)
        )

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The MLP's output ``[B, d_img]``."""
        return Embedding.single(self.mlp(torch.cat([reference.need_pooled(), text.need_pooled()], dim=-1)))
