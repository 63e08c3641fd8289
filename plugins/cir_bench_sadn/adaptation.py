"""L_adapt: what the query says of its neighbours shall be what the target says of them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cir_bench_sadn.params import WIDTH, AdaptAxis


def adaptation_loss(by_query: Tensor, by_target: Tensor, axis: AdaptAxis) -> Tensor:
    """KL(Ẽ ‖ E) of each query, ``[B]`` (Eq. 6, whose mean over the batch is the caller's).

    Both are made distributions first: by a softmax over the K neighbours in every dimension (``neighbours``), or over
    the d dimensions of every neighbour (``width``). The divergences of the d (or K) distributions are summed: it is the
    divergence of their product. E teaches and does not learn; with frozen encoders, as in the paper, it could not.

    Args:
        by_query: Ẽ ``[B, K, d]``.
        by_target: E ``[B, K, d]``.
        axis: what each distribution is over; of ``scores``, both are given as logarithms of c of Eq. 5 ``[B, K, 1]``.
    """
    dim = 2 if axis == WIDTH else 1
    log_p = F.log_softmax(by_query, dim=dim)
    log_q = F.log_softmax(by_target.detach(), dim=dim)
    return (log_p.exp() * (log_p - log_q)).sum(dim=(1, 2))
