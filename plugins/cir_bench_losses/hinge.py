"""Bidirectional triplet hinge with one mined in-batch negative per anchor."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Embedding, Loss, ScoreFunction, joint_score
from cir_bench_losses.pairs import distances, exact_squared_distances, squared_distances
from cir_bench_losses.params import PRINTED, RELEASED, TripletHingeParams


class TripletHingeLoss(Loss):
    """Hinge of positive against one negative, once with queries and once with targets as anchors.

    ::

        L = 1/B Σ_i [m + d(q_i, t_i) − d(q_i, t_n(i))]₊  +  1/B Σ_i [m + d(q_i, t_i) − d(q_n'(i), t_i)]₊

    d is the squared L2 distance of normed embeddings. With ``mining="printed"``, n(i) is the *semi-hard* negative: of
    the targets farther from q_i than t_i, the nearest; n'(i) likewise among the queries. When no negative is farther
    than the positive (at the start of training, or in a tiny batch), the farthest negative is taken, the least hard of
    them, so that the anchor still pulls; its term then is at least m.

    With ``mining="released"``, t_j is a candidate if d(q_i, t_j) ≥ d(q_j, t_j), the candidate's own positive distance
    in place of the anchor's, and q_j if d(q_j, t_i) ≥ d(q_j, t_j); n(i) and n'(i) are the nearest candidates. An anchor
    without candidates contributes zero. With ``"hardest"``, every negative is a candidate.

    An anchor without any negative contributes zero. The choice of the negative carries no gradient.

    Sources: VAL (Chen et al., CVPR 2020: margin 0.2, squared L2, summed over the levels: ``spaces="each"``) and its
    released code; semi-hard choice and the farthest negative as the way out: FaceNet (Schroff et al., CVPR 2015) and
    its usual form.

    Args:
        params: m, the mining, and how several spaces enter.
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
        for hinge, weight in self.terms(query, target, same_target, score):
            from_queries, from_targets = hinge
            losses.append(weight * (from_queries.mean() + from_targets.mean()))
        return torch.stack(losses).sum()

    def terms(
        self, query: Embedding, target: Embedding, same_target: Tensor, score: ScoreFunction = joint_score
    ) -> Iterator[tuple[Tensor, float]]:
        """Yield (hinge of every anchor ``[2, B]``, queries first, weight) as spaces enter."""
        printed = self.params.mining == PRINTED
        measure = squared_distances if printed else exact_squared_distances
        hinge = self._printed if printed else self._mined
        for squared, weight in distances(query, target, self.params.spaces, score, measure):
            yield torch.stack([hinge(squared, ~same_target), hinge(squared.T, ~same_target.T)]), weight

    def _printed(self, squared: Tensor, negatives: Tensor) -> Tensor:
        """Each anchor's (row's) hinge ``[B]``; squared distances ``[B, B]``, positives on the diagonal."""
        positive = squared.diagonal()
        negative = squared.gather(1, semi_hard(squared.detach(), negatives)[:, None])[:, 0]
        hinge = F.relu(self.params.margin + positive - negative)
        return hinge.masked_fill(~negatives.any(dim=1), 0)

    def _mined(self, squared: Tensor, negatives: Tensor) -> Tensor:
        """As `_printed`; equally near negatives share the gradient."""
        positive = squared.diagonal()
        candidates = negatives if self.params.mining != RELEASED else negatives & (squared >= positive)
        nearest = squared.masked_fill(~candidates, torch.inf).amin(dim=1)
        return F.relu(self.params.margin + positive - nearest)


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
