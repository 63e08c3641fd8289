"""Bidirectional triplet hinge with semi-hard in-batch negatives."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Embedding, Loss, ScoreFunction, joint_score
from cir_bench_losses.pairs import distances
from cir_bench_losses.params import TripletHingeParams


class TripletHingeLoss(Loss):
    """Hinge of positive against one semi-hard negative, once with queries and once with targets as anchors.

    ::

        L = 1/B Σ_i [m + d(q_i, t_i) − d(q_i, t_n(i))]₊  +  1/B Σ_i [m + d(q_i, t_i) − d(q_n'(i), t_i)]₊

    d is the squared L2 distance of normed embeddings. n(i) is the *semi-hard* negative: of the targets farther from q_i
    than t_i, the nearest; n'(i) likewise among the queries. When no negative is farther than the positive (at the
    start of training, or in a tiny batch), the farthest negative is taken, the least hard of them, so that the
    anchor still pulls; its term then is at least m. An anchor without any negative contributes zero. The choice of the
    negative carries no gradient.

    Sources: VAL (Chen et al., CVPR 2020: margin 0.2, squared L2, summed over the levels: ``spaces="each"``);
    semi-hard choice and the farthest negative as the way out: FaceNet (Schroff et al., CVPR 2015) and its usual form.

    Args:
        params: m, and how several spaces enter.
        context: not read.
    """

    def __init__(self, params: TripletHingeParams, context: BuildContext) -> None:
        super().__init__()
        self.params = params

    def forward(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Tensor:
        """The scalar loss of B queries and their targets; arguments as for `Loss.forward`."""
        losses = []
        for squared, weight in distances(query, target, self.params.spaces, score):
            from_queries = self._hinge(squared, ~same_target)
            from_targets = self._hinge(squared.T, ~same_target.T)
            losses.append(weight * (from_queries + from_targets))
        return torch.stack(losses).sum()

    def _hinge(self, squared: Tensor, negatives: Tensor) -> Tensor:
        """Mean hinge over the anchors (rows); squared distances ``[B, B]``, positives on the diagonal."""
        positive = squared.diagonal()
        negative = squared.gather(1, semi_hard(squared.detach(), negatives)[:, None])[:, 0]
        hinge = F.relu(self.params.margin + positive - negative)
        return hinge.masked_fill(~negatives.any(dim=1), 0).mean()


def semi_hard(squared: Tensor, negatives: Tensor) -> Tensor:
    """Column ``[B]`` of each row's semi-hard negative, or of its farthest one (any column in a row without negatives).

    Args:
        squared: distances ``[B, B]``, positives on the diagonal.
        negatives: ``[B, B]`` bool.
    """
    farther = negatives & (squared > squared.diagonal()[:, None])
    nearest_farther = squared.masked_fill(~farther, torch.inf).argmin(dim=1)
    farthest = squared.masked_fill(~negatives, -torch.inf).argmax(dim=1)
    return torch.where(farther.any(dim=1), nearest_farther, farthest)
