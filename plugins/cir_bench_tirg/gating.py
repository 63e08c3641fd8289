"""The two learnable weights of TIRG's sum."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench_tirg.params import Scaling

START = {"original": (1.0, 10.0), "normed": (1.0, 1.0)}


class GatedResidual(nn.Module):
    """f = a0 · σ(gate) ⊙ image + a1 · residual (TIRG, Section 3), with learnable a0 and a1.

    Args:
        scaling: ``original``: a0 = 1, a1 = 10 at the start. ``normed``: 1 and 1.
    """

    def __init__(self, scaling: Scaling) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(START[scaling]))

    def forward(self, gate: Tensor, image: Tensor, residual: Tensor) -> Tensor:
        """The sum; all three of one shape, ``[B, d]`` or ``[B, C, H, W]``."""
        return self.weights[0] * torch.sigmoid(gate) * image + self.weights[1] * residual


def finish(composed: Tensor, scaling: Scaling) -> Tensor:
    """The output ``[B, d]``: as it is (``original``) or L2-normed (``normed``)."""
    return F.normalize(composed, dim=-1) if scaling == "normed" else composed
