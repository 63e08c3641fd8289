"""The score of the late fusion, with or without a weight for every attribute."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import Embedding, joint_score


class LateFusion(nn.Module):
    """``Σ_k w_k² s(E[k], E'[k])`` (Eqs. 11 and 12, with learned weights as released): a `ScoreFunction`.

    Args:
        count: K, the number of weights, which start at 1; None: there are none, which is a weight of 1.
    """

    def __init__(self, count: int | None) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.ones(count)) if count is not None else None

    def forward(self, queries: Embedding, candidates: Embedding) -> Tensor:
        """``[B, N]`` of two embeddings with a space for every attribute."""
        if self.weights is None:
            return joint_score(queries, candidates)
        return self._weighted(queries, self.weights) @ self._weighted(candidates, self.weights).T

    def total(self, embedding: Embedding) -> Tensor | float:
        """``Σ_k w_k²``: the score of an item with itself."""
        return len(embedding.spaces) if self.weights is None else self.weights.square().sum()

    @staticmethod
    def _weighted(embedding: Embedding, weights: Tensor) -> Tensor:
        """Attributes of length w_k side by side, ``[B, K·D]``."""
        attributes = F.normalize(torch.stack(list(embedding.spaces.values()), dim=1), dim=-1)
        return (attributes * weights[:, None]).flatten(1)
