"""The loss terms that are CLVC-Net's own; the classification losses are the plugin `losses`' batch classification."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench_clvcnet.params import MEAN, NORMED, FeatureDistance


def cosines(queries: Tensor, targets: Tensor) -> Tensor:
    """``[B, B]`` of vectors ``[B, d]``."""
    return F.normalize(queries, dim=1) @ F.normalize(targets, dim=1).T


def perceptual(composed: Tensor, target: Tensor) -> Tensor:
    """L_lp: mean square error of composed and target maps ``[B, C, H, W]`` over all their values (Eq. 10)."""
    return F.mse_loss(composed, target)


def ranking_divergence(guide: Tensor, learner: Tensor, factor: float, same_target: Tensor) -> Tensor:
    """L_rank: ``1/B Σ_i KL(p_i^guide ‖ p_i^learner)`` (Eqs. 16 and 17); the guide has no gradient.

    Another copy of a query's own target is left out of both distributions, as it is no negative of the classification.

    Args:
        guide: cosines of the other network's queries and targets ``[B, B]``.
        learner: cosines of the network that learns ``[B, B]``.
        factor: what the cosines are multiplied by.
        same_target: ``[B, B]`` as in `Loss.forward`.
    """
    row = torch.arange(len(learner), device=same_target.device)
    copy = same_target & (row != row[:, None])
    log_guide = F.log_softmax((factor * guide.detach()).masked_fill(copy, -torch.inf), dim=1)  # Eq. 16
    log_learner = F.log_softmax((factor * learner).masked_fill(copy, -torch.inf), dim=1)
    ratio = log_guide.masked_fill(copy, 0.0) - log_learner.masked_fill(copy, 0.0)  # a copy's p is 0, so its term is
    return (log_guide.exp() * ratio).sum(dim=1).mean()  # Eq. 17


def feature_distance(guide: tuple[Tensor, Tensor], learner: tuple[Tensor, Tensor], how: FeatureDistance) -> Tensor:
    """L_fea: ``1/B Σ_i (‖f̃_q^guide − f̃_q‖² + ‖f_t^guide − f_t‖²)`` (Eq. 18); the guide has no gradient.

    Args:
        guide: queries and targets ``[B, d]`` of the other network.
        learner: those of the network that learns.
        how: ``raw``: as printed. ``normed``: all vectors are brought to length 1 first. ``mean``: mean over the d
            elements instead of the sum.
    """
    terms = []
    for fixed, learned in zip(guide, learner, strict=True):
        first, second = fixed.detach(), learned
        if how == NORMED:
            first, second = F.normalize(first, dim=1), F.normalize(second, dim=1)
        squares = (first - second).square()
        terms.append(squares.mean() if how == MEAN else squares.sum(dim=1).mean())
    return torch.stack(terms).sum()
