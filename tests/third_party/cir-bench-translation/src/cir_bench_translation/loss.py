"""Softmax with a margin."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Embedding, Loss, ScoreFunction, joint_score
from cir_bench_translation.params import MarginParams


class MarginSoftmaxLoss(Loss):
    """Large margin cosine loss (CosFace, Wang et al., CVPR 2018, Eq. 4) with the targets of the batch as classes.

    ::

        L = 1/B Σ_i −log( exp(s (c_ii − m)) / (exp(s (c_ii − m)) + Σ_{j ∈ N_i} exp(s c_ij)) )

    c_ij is the joint score of query i and target j, N_i the targets that are not another copy of target i.

    Args:
        params: m and s.
        context: not used.
    """

    def __init__(self, params: MarginParams, context: BuildContext) -> None:
        super().__init__()
        self.margin = params.margin
        self.scale = params.scale

    def forward(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Tensor:
        """The scalar loss of B queries and their targets; ``same_target`` ``[B, B]``."""
        scores = score(query, target)
        own = torch.eye(len(query), dtype=torch.bool, device=scores.device)
        logits = self.scale * (scores - self.margin * own)
        logits = logits.masked_fill(same_target & ~own, -torch.inf)
        return F.cross_entropy(logits, torch.arange(len(query), device=scores.device))
