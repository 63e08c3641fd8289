"""What all losses share: similarities and distances of queries and targets, and a scale that may be learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import Embedding, ScoreFunction, joint_score
from cir_bench_losses.params import Spaces


def similarities(
    query: Embedding, target: Embedding, spaces: Spaces, score: ScoreFunction
) -> Iterator[tuple[Tensor, float]]:
    """Yield (similarities ``[B, B]``, weight) of everything that gets a loss of its own.

    ``joint`` yields the score once. ``each`` yields the cosines of every space with the query's weight of that space,
    unless the composer has a score of its own, which has no spaces.
    """
    if spaces == "joint" or score is not joint_score:
        yield score(query, target), 1.0
        return
    for queries, targets, weight in _paired_spaces(query, target, spaces):
        yield queries @ targets.T, weight


def squared_distances(query: Tensor, target: Tensor) -> Tensor:
    """``[B, B]``: |q_i − t_j|² of ``query`` ``[B, d]`` and ``target`` ``[B, d]``; smooth everywhere, also at zero."""
    query_norms = query.square().sum(dim=1, keepdim=True)
    target_norms = target.square().sum(dim=1)
    return query_norms + target_norms - 2 * query @ target.T


def exact_squared_distances(query: Tensor, target: Tensor) -> Tensor:
    """As `squared_distances`, pair by pair: slower, but pairs of equal vectors have exactly equal distances."""
    dtype = torch.promote_types(query.dtype, torch.float32)
    pairs = torch.cdist(query.to(dtype), target.to(dtype), compute_mode="donot_use_mm_for_euclid_dist")
    return pairs.square()


def distances(
    query: Embedding,
    target: Embedding,
    spaces: Spaces,
    score: ScoreFunction,
    measure: Callable[[Tensor, Tensor], Tensor] = squared_distances,
) -> Iterator[tuple[Tensor, float]]:
    """Yield (squared L2 distances ``[B, B]``, weight) of everything that gets a loss of its own.

    ``joint`` yields the distances of the joint embeddings once, ``each`` those of every space. For a composer with a
    score s of its own, they are −2 s: distances of unit vectors are 2 − 2 cos, and only differences of distances count.
    """
    if score is not joint_score:
        yield -2 * score(query, target), 1.0
        return
    for queries, targets, weight in _paired_spaces(query, target, spaces):
        yield measure(queries, targets), weight


def distances_of_both(
    query: Embedding, target: Embedding, spaces: Spaces, score: ScoreFunction
) -> Iterator[tuple[Tensor, float]]:
    """Yield (squared L2 distances ``[2B, 2B]`` of queries and targets, queries first, weight), as `distances` does.

    A composer's own score compares queries with targets alone: two queries or two targets then have the distance zero.
    """
    if score is not joint_score:
        across = -2 * score(query, target)
        within = torch.zeros_like(across)
        yield four_blocks(within, across, across.T, within), 1.0
        return
    for queries, targets, weight in _paired_spaces(query, target, spaces):
        rows = torch.cat([queries, targets])
        yield squared_distances(rows, rows), weight


def four_blocks(first: Tensor, second: Tensor, third: Tensor, fourth: Tensor) -> Tensor:
    """``[2B, 2B]`` of four ``[B, B]``, row by row."""
    return torch.cat([torch.cat([first, second], dim=1), torch.cat([third, fourth], dim=1)])


def _paired_spaces(query: Embedding, target: Embedding, spaces: Spaces) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Yield (query vectors ``[B, d]``, target vectors ``[B, d]``, weight): the joint embeddings, or every space."""
    if spaces == "joint":
        yield query.joint(), Embedding(target.spaces, query.weights).joint(), 1.0
        return
    for name, vectors in query.spaces.items():
        weight = query.weights.get(name, 1.0)
        yield F.normalize(vectors, dim=-1), F.normalize(target.spaces[name], dim=-1), weight


class LearnedScale(nn.Module):
    """A positive factor: a parameter when it is learned, otherwise a constant that moves with the module.

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
