"""Generalised-mean pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPS = 1e-6
"""Values below it count as this much: a power of a negative number has no meaning."""


class GeM(nn.Module):
    """``(mean over positions of max(x, ε)^p)^(1/p)``, p learned from 3 (Radenović et al., TPAMI 2019)."""

    def __init__(self, p: float = 3.0) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(float(p)))

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """``[B, C]`` of ``[B, C, N]``.

        Args:
            x: features of N positions or words.
            there: ``[B, N]`` bool, false at padding, which is left out; None: there is none.
        """
        x = x.to(torch.promote_types(x.dtype, torch.float32))  # cubes and roots are beyond half precision
        powers = (x.clamp(min=EPS).log() * self.p).exp()  # x^p; a power takes twice as long
        if there is None:
            mean = powers.mean(dim=2)
        else:
            mean = powers.masked_fill(~there[:, None], 0.0).sum(dim=2) / there.sum(dim=1).clamp(min=1)[:, None]
        # Only an item without any position has a mean of zero, where the root has no derivative.
        return mean.clamp(min=torch.finfo(mean.dtype).tiny).pow(1 / self.p)
