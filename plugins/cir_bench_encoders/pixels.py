"""From bytes to what a CNN or ViT reads, on the device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalise(nn.Module):
    """``[B, 3, H, W]`` uint8 → floats ``(x / 255 - mean) / std``.

    Images travel as bytes (a quarter of the memory of floats) and become floats where the model is; the result is
    that of torchvision's ToTensor and Normalize.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(3, 1, 1), persistent=False)

    def forward(self, items: Tensor) -> Tensor:
        """Normalised floats ``[B, 3, H, W]`` on this module's device."""
        return (items.to(self.mean.device).float() / 255 - self.mean) / self.std
