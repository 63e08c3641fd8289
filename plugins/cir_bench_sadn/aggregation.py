"""Neighbour-aware aggregation, Section 3.3 of the paper: which neighbours say how much about the query.

Notation: B queries, K neighbours of each, d the width of the space.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SMALLEST_VARIANCE = 1e-6
"""Keeps Σ invertible for a query of zeros."""


class Correspondence(nn.Module):
    """Correspondence-induced adaption (CIA): how well each neighbour agrees with the guide, c of Eq. 5.

    Args:
        width: d.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        # a 1×1 convolution d → 1 over K positions; its bias would cancel in the softmax
        self.conv = nn.Linear(width, 1, bias=False)

    def forward(self, alignment: Tensor) -> Tensor:
        """Weights c ``[B, K]`` that sum to 1, from the alignment E or Ẽ ``[B, K, d]`` (Eq. 4)."""
        scores: Tensor = self.conv(alignment)
        return scores.squeeze(-1).softmax(dim=1)  # Eq. 5


class Divergence(nn.Module):
    """Divergence-based correction (DBC): how near each neighbour is to the query, d of Eq. 8.

    Σ of Eq. 7 is diagonal and begins as diag(|Q_i|) for query i: a learnable positive factor for each dimension (1 at
    the start) times the size of the query's entries. The sizes are where Σ starts from, no gradient goes through them.

    Args:
        width: d.
        floor: no entry starts below this times the root mean square of Q_i's entries; 0 lets a single small entry
            of the query outweigh all others.
    """

    def __init__(self, width: int, floor: float) -> None:
        super().__init__()
        self.log_factor = nn.Parameter(torch.zeros(width))
        self.floor = floor

    def sigma(self, query: Tensor) -> Tensor:
        """The diagonal of Σ for each query, ``[B, d]``, positive."""
        start = query.detach().abs()
        least = self.floor * start.square().mean(dim=-1, keepdim=True).sqrt()
        return self.log_factor.exp() * torch.maximum(start, least).clamp_min(SMALLEST_VARIANCE)

    def forward(self, query: Tensor, neighbours: Tensor) -> Tensor:
        """Weights d ``[B, K]`` that sum to 1, from queries ``[B, d]`` and their neighbours ``[B, K, d]``."""
        squares = (neighbours - query[:, None]).square()
        u = (squares / self.sigma(query)[:, None]).sum(dim=-1)  # Eq. 7
        return (1 - u).softmax(dim=1)  # Eq. 8


class NeighbourAggregation(nn.Module):
    """Refines a query by the weighted sum of its neighbours, Eqs. 4 to 11.

    Args:
        width: d.
        floor: of Σ, see `Divergence`.
        cia: whether c has a part in the weights.
        dbc: whether d has.
        residual: whether the query itself stays in the refined query.
    """

    def __init__(self, width: int, floor: float, *, cia: bool = True, dbc: bool = True, residual: bool = True) -> None:
        super().__init__()
        self.correspondence = Correspondence(width) if cia else None
        self.divergence = Divergence(width, floor) if dbc else None
        self.alpha = nn.Parameter(torch.tensor(0.5)) if cia else None
        self.beta = nn.Parameter(torch.tensor(0.5)) if dbc else None
        self.fc = nn.Linear(width, width)
        self.residual = residual

    def weights(self, query: Tensor, neighbours: Tensor, guide: Tensor) -> Tensor:
        """The adaptive weights a ``[B, K]`` of Eq. 9."""
        parts = []
        if self.correspondence is not None and self.alpha is not None:
            parts.append(self.alpha * self.correspondence(alignment(neighbours, guide)))
        if self.divergence is not None and self.beta is not None:
            parts.append(self.beta * self.divergence(query, neighbours))
        return torch.stack(parts).sum(dim=0)

    def log_scores(self, alignment: Tensor) -> Tensor:
        """The logarithm of c of Eq. 5 ``[B, K, 1]``, from the alignment E or Ẽ ``[B, K, d]``."""
        assert self.correspondence is not None
        scores: Tensor = self.correspondence(alignment)
        return scores.log()[:, :, None]

    def forward(self, query: Tensor, neighbours: Tensor, guide: Tensor) -> Tensor:
        """The refined query Q̂ ``[B, d]``.

        Args:
            query: Q ``[B, d]``.
            neighbours: N ``[B, K, d]``.
            guide: what the neighbours are aligned with, ``[B, d]``: the target in training, the query at evaluation.
        """
        weights = self.weights(query, neighbours, guide)
        aggregated = (weights[..., None] * neighbours).sum(dim=1)  # Eq. 10
        distilled: Tensor = self.fc(aggregated)
        return (query + distilled) / 2 if self.residual else distilled  # Eq. 11


def alignment(neighbours: Tensor, guide: Tensor) -> Tensor:
    """E (guide: target) or Ẽ (guide: query) of Eq. 4, ``[B, K, d]``."""
    return neighbours * guide[:, None]
