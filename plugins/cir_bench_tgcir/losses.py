"""The loss terms that are TG-CIR's own; both rank losses are the plugin `losses`' batch classification."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench_tgcir.composition import Composition


def orthogonality(*attributes: Tensor, mean: bool = False) -> Tensor:
    """L_ortho: ``Σ_elements ‖E Eᵀ − I‖²_F`` (Eq. 5), mean over the batch.

    The rows of E are brought to length 1 first, so that the diagonal is 1 and only the angles between attributes count.

    Args:
        attributes: E_r, E_m and E_t, ``[B, K, D]`` each.
        mean: the mean over the three and over the K² products instead of the sums.
    """
    terms = []
    for one in attributes:
        unit = F.normalize(one, dim=-1)
        gram = unit @ unit.transpose(1, 2)
        identity = torch.eye(gram.shape[-1], device=gram.device, dtype=gram.dtype)
        squares = (gram - identity).square()
        terms.append(squares.mean() if mean else squares.sum(dim=(1, 2)).mean())
    return torch.stack(terms).mean() if mean else torch.stack(terms).sum()


def mask_agreement(teacher: Composition) -> Tensor:
    """L_mask^tea: mean square error of m̃_r and 1 − m̃_k (Eq. 9), over batch and attributes."""
    return F.mse_loss(teacher.replace, 1 - teacher.keep)


def distillation(teacher: Composition, student: Composition, *, mean: bool = False) -> Tensor:
    """L_ckd: ``‖m̃_k − m̂_k‖² + ‖m̃_r − m̂_r‖²`` (Eq. 10), summed over attributes, mean over the batch.

    The teacher's masks are held fixed: the student comes to the teacher.

    Args:
        teacher: what the teacher makes of B triplets.
        student: what the student makes of them.
        mean: the mean over the attributes instead of the sum.
    """
    keep = (teacher.keep.detach() - student.keep).square()
    replace = (teacher.replace.detach() - student.replace).square()
    return (keep + replace).mean() if mean else (keep + replace).sum(dim=1).mean()


def matching_divergence(targets: Tensor, queries: Tensor, tau: float, same_target: Tensor) -> Tensor:
    """L_kl: ``1/B Σ_i KL(p_i^t ‖ p_i^c)`` (Eq. 14); p^t guides and has no gradient.

    Another copy of a query's own target is left out of both distributions, as it is no negative of the rank losses.

    Args:
        targets: similarities of targets with targets ``[B, B]``, of Eq. 12.
        queries: similarities of queries with targets ``[B, B]``, of Eq. 13.
        tau: τ.
        same_target: ``[B, B]`` as in `Loss.forward`.
    """
    row = torch.arange(len(queries), device=same_target.device)
    copy = same_target & (row != row[:, None])
    log_t = F.log_softmax((targets.detach() / tau).masked_fill(copy, -torch.inf), dim=1)  # Eq. 12
    log_c = F.log_softmax((queries / tau).masked_fill(copy, -torch.inf), dim=1)  # Eq. 13
    ratio = log_t.masked_fill(copy, 0.0) - log_c.masked_fill(copy, 0.0)  # a copy's p is 0, so its term is
    return (log_t.exp() * ratio).sum(dim=1).mean()
