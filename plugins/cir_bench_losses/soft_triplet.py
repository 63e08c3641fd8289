"""Soft triplet loss over all in-batch negatives."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Embedding, Loss, ScoreFunction, joint_score
from cir_bench_losses.pairs import LearnedScale, distances, distances_of_both, four_blocks
from cir_bench_losses.params import BOTH, SoftTripletParams


class SoftTripletLoss(Loss):
    """The softplus of how much nearer a negative is than the positive, averaged over negatives, then over anchors.

    ::

        L = 1/A Σ_i 1/|N_i| Σ_{j ∈ N_i} log(1 + exp(d_ip(i) − d_ij)),   d = scale² · squared L2 distance

    of the normed embeddings, p(i) being the other side of anchor i's pair. With ``anchors="queries"`` the anchors are
    the B queries, and N_i the targets that are not another copy of target i (TIRG, Vo et al., CVPR 2019, Eq. 5 with
    K = 2 and all M = B − 1 choices of the negative; learnable scale of both embeddings, 4 at the start).

    With ``anchors="both"`` the anchors are the B queries and the B targets, and N_i all queries and targets but those
    of anchor i's pair and of pairs with the same target; a composer's own score compares no queries with each other and
    no targets, so there an anchor's negatives are those of the other side. This is the expectation of TIRG's released
    code, which draws up to three negatives per anchor. The gradient is that of the loss; the released backward pass
    gives half of it.

    An anchor without any negative contributes zero.

    Args:
        params: the scale, the anchors, and how several spaces enter.
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
        losses = []
        for terms, negatives, weight in self.terms(query, target, same_target, score):
            counts = negatives.sum(dim=1).clamp_min(1)
            per_anchor = terms.masked_fill(~negatives, 0).sum(dim=1) / counts
            losses.append(weight * per_anchor.mean())
        return torch.stack(losses).sum()

    def terms(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Iterator[tuple[Tensor, Tensor, float]]:
        """Yield (the log of every anchor and candidate, which candidates are negatives, weight) as spaces enter.

        Both are ``[B, B]``, or ``[2B, 2B]`` with ``anchors="both"``, queries first.
        """
        spaces, factor = self.params.spaces, self.scale().square()
        if self.params.anchors != BOTH:
            for squared, weight in distances(query, target, spaces, score):
                scaled = factor * squared
                yield F.softplus(scaled.diagonal()[:, None] - scaled), ~same_target, weight
            return
        negatives = negatives_of_both(same_target, within=score is joint_score)
        for squared, weight in distances_of_both(query, target, spaces, score):
            scaled = factor * squared
            positive = scaled.diagonal(offset=len(query)).repeat(2)
            yield F.softplus(positive[:, None] - scaled), negatives, weight


def negatives_of_both(same_target: Tensor, *, within: bool) -> Tensor:
    """``[2B, 2B]``: which queries and targets are negatives of which, queries first.

    Args:
        same_target: ``[B, B]`` as for `Loss.forward`.
        within: two queries, or two targets, are negatives of each other too, unless one pair's target is also a right
            answer to the other query.
    """
    same_side = ~(same_target | same_target.T) if within else torch.zeros_like(same_target)
    return four_blocks(same_side, ~same_target, ~same_target.T, same_side)
