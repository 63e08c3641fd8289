"""Keep and replace: how masks compose attributes, and the student's way to its masks (TG-CIR, Section 3.2.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Composition:
    """Composed attributes and the masks behind them.

    Attributes:
        keep: ``[B, K]``, how much of each attribute of the reference image is kept.
        replace: ``[B, K]``, how much of each attribute of the text comes in.
        attributes: ``[B, K, D]``.
    """

    keep: Tensor
    replace: Tensor
    attributes: Tensor


def compose_attributes(keep: Tensor, replace: Tensor, reference: Tensor, text: Tensor) -> Composition:
    """``E_c = m_k ⊙ E_r + m_r ⊙ E_m`` (Eqs. 7 and 8, last lines) of attributes ``[B, K, D]`` by masks ``[B, K]``."""
    return Composition(keep, replace, keep[:, :, None] * reference + replace[:, :, None] * text)


class MaskNetwork(nn.Module):
    """``σ(MLP([first, second]))``, one number per attribute: 2D → D → 1 with ReLU, the same MLP for every attribute.

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """``[B, K]`` of two sets of attributes ``[B, K, D]``."""
        logits: Tensor = self.mlp(torch.cat([first, second], dim=-1))
        return torch.sigmoid(logits.squeeze(-1))


class Student(nn.Module):
    """The target-free student composition branch (Eqs. 6 and 7).

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.keep = MaskNetwork(width)

    def forward(self, reference: Tensor, text: Tensor) -> Composition:
        """Compose attributes ``[B, K, D]`` of reference images and texts."""
        keep = self.keep(reference, text)  # Eq. 6
        return compose_attributes(keep, 1 - keep, reference, text)  # Eqs. 6 and 7
