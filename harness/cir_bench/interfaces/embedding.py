"""`Embedding`: B queries or B candidates in one or several spaces with one joint score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

MAIN = "main"
"""The name of the only space."""


@dataclass(frozen=True)
class Embedding:
    """Vectors of B items in named spaces, joined by a weighted sum of cosines.

    The joint score of a query and a candidate is ``sum_s weights[s] * cos(query[s], candidate[s])``: one space for
    most methods, two for CLVC-Net (sum of two cosines), three for VAL. The weights are the query's.

    In a space ``[B, M, d_s]`` every item has M vectors, and the cosine is the greatest over all pairs of a vector of
    the query and one of the candidate: in SPRC (ICLR 2024) a target has 32 and a query one, in CoVR both have 32.
    """

    spaces: Mapping[str, Tensor]
    """``[B, d_s]`` by name, or with ``reduce`` ``[B, M, d_s]``; need not be normalised."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Weight of each space in the joint score, not negative; 1 by default."""
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    """Other tensors for a loss, or for a score that does not factorise, ``[B, ...]`` by name."""
    reduce: Literal["max"] | None = None
    """How the cosines of several vectors become one; None: every space has one vector for each item."""

    def __post_init__(self) -> None:
        sizes = {len(t) for t in [*self.spaces.values(), *self.extras.values()]}
        if not self.spaces or len(sizes) != 1:
            raise ValueError(f"Embedding: at least one space and one batch size are needed, got sizes {sorted(sizes)}")
        if any(weight < 0 for weight in self.weights.values()):
            raise ValueError("Embedding: weights of spaces must not be negative")
        dimensions = {name: vectors.ndim for name, vectors in self.spaces.items()}
        most = 3 if self.reduce else 2
        if not all(2 <= ndim <= most for ndim in dimensions.values()):
            raise ValueError(
                "Embedding: a space is [B, d], or [B, M, d] with reduce='max'; "
                f"the numbers of dimensions are {dimensions}, and reduce is {self.reduce!r}"
            )

    @classmethod
    def single(cls, vectors: Tensor, **extras: Tensor) -> Embedding:
        """An embedding with one space: ``vectors`` ``[B, d]``."""
        return cls({MAIN: vectors}, extras=extras)

    @property
    def main(self) -> Tensor:
        """The vectors ``[B, d]`` of the only space."""
        if len(self.spaces) != 1:
            raise ValueError(f"this embedding has the spaces {', '.join(self.spaces)}; name one")
        return next(iter(self.spaces.values()))

    def __len__(self) -> int:
        return len(next(iter(self.spaces.values())))

    @property
    def several(self) -> frozenset[str]:
        """The spaces in which an item has several vectors."""
        return frozenset(name for name, vectors in self.spaces.items() if vectors.ndim == 3)

    def weighted(self) -> dict[str, Tensor]:
        """The normalised spaces, each times the square root of its weight."""
        return {name: F.normalize(v, dim=-1) * self.weights.get(name, 1.0) ** 0.5 for name, v in self.spaces.items()}

    def joint(self) -> Tensor:
        """``[B, sum d_s]``: :meth:`weighted`, concatenated; an error if items have several vectors in a space.

        The dot product of two such vectors is the joint score, so retrieval needs a single matrix product.
        """
        if self.several:
            raise ValueError(
                f"items have several vectors in {', '.join(sorted(self.several))}: there is no joint vector"
            )
        parts = list(self.weighted().values())
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)

    def score(self, candidates: Embedding) -> Tensor:
        """The joint score with every candidate: ``[B, N]``."""
        return joint_score(self, candidates)

    def __getitem__(self, rows: Tensor | slice) -> Embedding:
        """The embedding of some rows."""
        return self._mapped(lambda tensor: tensor[rows])

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Embedding:
        """This embedding on another device, floating-point tensors as another dtype."""
        return self._mapped(lambda one: one.to(device, dtype if one.is_floating_point() else None))

    def _mapped(self, change: Callable[[Tensor], Tensor]) -> Embedding:
        spaces = {name: change(tensor) for name, tensor in self.spaces.items()}
        extras = {name: change(tensor) for name, tensor in self.extras.items()}
        return Embedding(spaces, self.weights, extras, self.reduce)

    @staticmethod
    def cat(parts: Sequence[Embedding]) -> Embedding:
        """Concatenate along the batch."""
        first = parts[0]
        return Embedding(
            {name: torch.cat([p.spaces[name] for p in parts]) for name in first.spaces},
            first.weights,
            {name: torch.cat([p.extras[name] for p in parts]) for name in first.extras},
            first.reduce,
        )


ScoreFunction = Callable[[Embedding, Embedding], Tensor]
"""Scores ``[B, N]`` of B queries against N candidates; higher is better."""


def joint_score(queries: Embedding, candidates: Embedding) -> Tensor:
    """``[B, N]``: the sum over the spaces of the query's weight times the cosine of query and candidate."""
    weighted = with_weights_of(queries, candidates)
    if not queries.several and not candidates.several:
        return queries.joint() @ weighted.joint().T
    ours, theirs = queries.weighted(), weighted.weighted()
    return torch.stack([_greatest(ours[name], theirs[name]) for name in ours]).sum(dim=0)


def with_weights_of(queries: Embedding, candidates: Embedding) -> Embedding:
    """The candidates' vectors with the weights of the queries, by which both are scored.

    Raises:
        TypeError: one of them is not an `Embedding`.
        ValueError: they differ in their spaces, or in the width of one.
    """
    for made, by in ((queries, "compose"), (candidates, "embed_target")):
        if not isinstance(made, Embedding):
            raise TypeError(
                f"{by} must return an Embedding, such as Embedding.single(vectors), not a {type(made).__name__}"
            )
    ours, theirs = _widths(queries), _widths(candidates)
    if ours != theirs:
        raise ValueError(
            f"queries have the widths {ours}, candidates {theirs}: "
            "compose and embed_target must return the same spaces, of the same widths"
        )
    return Embedding(candidates.spaces, queries.weights, reduce=candidates.reduce)


def _widths(embedding: Embedding) -> dict[str, int]:
    return {name: vectors.shape[-1] for name, vectors in embedding.spaces.items()}


def _greatest(queries: Tensor, candidates: Tensor) -> Tensor:
    """``[B, N]``: the greatest dot product of a vector of a query and one of a candidate, ``[B, (M,) d]`` each."""
    if queries.ndim == candidates.ndim == 2:
        return queries @ candidates.T
    ours, theirs = (side[:, None] if side.ndim == 2 else side for side in (queries, candidates))
    products = ours.flatten(0, 1) @ theirs.flatten(0, 1).T
    return products.view(len(ours), ours.shape[1], len(theirs), theirs.shape[1]).amax(dim=(1, 3))
