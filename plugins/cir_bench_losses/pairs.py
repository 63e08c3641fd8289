"""What all losses share: which vectors are compared, their distances, and a scale that may be learned."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import Embedding
from cir_bench_losses.params import Spaces


def paired_spaces(query: Embedding, target: Embedding, spaces: Spaces) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Yield (query vectors ``[B, d]``, target vectors ``[B, d]``, weight) of everything that gets a loss of its own.

    ``joint`` yields once: vectors whose dot product is the joint score (the query's weights are inside). ``each``
    yields every space by itself: normed vectors and the query's weight of that space.
    """
    if spaces == "joint":
        yield query.joint(), Embedding(target.spaces, query.weights).joint(), 1.0
        return
    for name, vectors in query.spaces.items():
        weight = query.weights.get(name, 1.0)
        yield F.normalize(vectors, dim=-1), F.normalize(target.spaces[name], dim=-1), weight


def squared_distances(query: Tensor, target: Tensor) -> Tensor:
    """``[B, B]``: |q_i − t_j|² of ``query`` ``[B, d]`` and ``target`` ``[B, d]``; smooth everywhere, also at zero."""
    query_norms = query.square().sum(dim=1, keepdim=True)
    target_norms = target.square().sum(dim=1)
    return query_norms + target_norms - 2 * query @ target.T


class Scale(nn.Module):
    """A positive factor: a parameter when it is learned, else a constant that moves with the module.

    Args:
        initial: its initial value.
        learn: train it.
    """

    value: Tensor

    def __init__(self, initial: float, *, learn: bool) -> None:
        super().__init__()
        value = torch.tensor(float(initial))
        if learn:
            self.value = nn.Parameter(value)
        else:
            self.register_buffer("value", value)

    def forward(self) -> Tensor:
        """The scalar."""
        return self.value
