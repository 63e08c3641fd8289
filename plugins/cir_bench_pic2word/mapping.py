"""`Mapping`: from an image feature to a word of the text tower."""

from __future__ import annotations

from torch import Tensor, nn


class Mapping(nn.Module):
    """Two layers [Linear, Dropout, ReLU] and a Linear; its names are those of the released module.

    Args:
        image: d, width of the image features, which are not normalised.
        hidden: units of both hidden layers.
        word: W, width of a word.
        dropout: probability.
    """

    def __init__(self, image: int, hidden: int, word: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(_block(image, hidden, dropout), _block(hidden, hidden, dropout))
        self.fc_out = nn.Linear(hidden, word)

    def forward(self, image: Tensor) -> Tensor:
        """``[B, d]`` to ``[B, W]``."""
        word: Tensor = self.fc_out(self.layers(image))
        return word


def _block(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.Dropout(dropout), nn.ReLU())
