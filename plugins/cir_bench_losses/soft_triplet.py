"""Soft triplet loss over all in-batch negatives."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Embedding, Loss, ScoreFunction, joint_score
from cir_bench_losses.pairs import LearnedScale, distances
from cir_bench_losses.params import SoftTripletParams


class SoftTripletLoss(Loss):
    """The softplus of how much nearer a negative is than the positive, averaged over negatives, then over queries.

    ::

        L = 1/B Σ_i 1/|N_i| Σ_{j ∈ N_i} log(1 + exp(d_ii − d_ij)),   d_ij = scale² · |q_i − t_j|²

    of the normed embeddings; N_i are the targets that are not another copy of target i. A query without any negative
    contributes zero.

    Source: TIRG (Vo et al., CVPR 2019, Eq. 5 with K = 2 and all M = B − 1 choices of the negative, embeddings times a
    learnable scale, 4 at the start). The authors' code draws three negatives per anchor instead of taking all.

    Args:
        params: the scale, and how several spaces enter.
        context: not read.
    """

    def __init__(self, params: SoftTripletParams, context: BuildContext) -> None:
        super().__init__()
        self.params = params
        self.scale = LearnedScale(params.scale, learn=params.learn_scale)

    def forward(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Tensor:
        """The scalar loss of B queries and their targets; arguments as for `Loss.forward`."""
        negatives = ~same_target
        counts = negatives.sum(dim=1).clamp_min(1)
        losses = []
        for squared, weight in distances(query, target, self.params.spaces, score):
            scaled = self.scale().square() * squared
            nearer = F.softplus(scaled.diagonal()[:, None] - scaled)
            per_query = nearer.masked_fill(~negatives, 0).sum(dim=1) / counts
            losses.append(weight * per_query.mean())
        return torch.stack(losses).sum()
