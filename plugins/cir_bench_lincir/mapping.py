"""`Mapping`: φ, from a feature to a word of the text tower."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Mapping(nn.Module):
    """Two layers [Linear, GELU, Dropout] and a Linear; its names are those of the released module.

    Args:
        width: d, of the features.
        hidden: units of both hidden layers.
        word: W, width of a word.
        dropout: probability.
        normalise: whether image features are L2-normalised first.
    """

    def __init__(self, width: int, hidden: int, word: int, dropout: float, *, normalise: bool = False) -> None:
        super().__init__()
        self.normalise = normalise
        self.layers = nn.Sequential(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, word),
        )

    def prepared(self, feature: Tensor) -> Tensor:
        """``[B, d]`` features as the layers read them."""
        return F.normalize(feature, dim=1) if self.normalise else feature

    def forward(self, feature: Tensor) -> Tensor:
        """``[B, d]`` to ``[B, W]``."""
        word: Tensor = self.layers(self.prepared(feature))
        return word
