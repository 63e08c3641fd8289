"""Aligning words with positions: the one attention of both modules."""

from __future__ import annotations

import torch
from torch import Tensor

from cir_bench_clvcnet.params import AVERAGE, Alignment


def align(seekers: Tensor, sources: Tensor, tau: float, alignment: Alignment, there: Tensor | None = None) -> Tensor:
    """For each seeker the weighted sum of the sources, ``[B, N, D]``.

    ::

        w_n = softmax over m of (sources_m · seekers_n / τ),  out_n = Σ_m w_nm sources_m

    FLC: positions seek words (Eqs. 6 and 7); FGC: words seek positions (Eqs. 11 and 12).

    Args:
        seekers: ``[B, N, D]``.
        sources: ``[B, M, D]``.
        tau: τ.
        alignment: ``attention``, or ``average``: every source weighs the same.
        there: ``[B, M]`` bool, false at sources that are padding and get no weight; None: all are there. Where nothing
            is there, the sum is zero.
    """
    return alignment_weights(seekers, sources, tau, alignment, there) @ sources


def alignment_weights(
    seekers: Tensor, sources: Tensor, tau: float, alignment: Alignment, there: Tensor | None = None
) -> Tensor:
    """The weights of :func:`align`, ``[B, N, M]``: they sum to 1 over the sources that are there."""
    scores = seekers @ sources.transpose(1, 2) / tau
    if alignment == AVERAGE:
        scores = torch.zeros_like(scores)
    if there is None:
        return scores.softmax(dim=-1)
    seen = there[:, None]
    weights = scores.masked_fill(~seen, torch.finfo(scores.dtype).min).softmax(dim=-1)
    return weights * seen
