"""`Embedding`: B queries or B candidates in one or several spaces with one joint score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
    """

    spaces: Mapping[str, Tensor]
    """``[B, d_s]`` by name; need not be normalised."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Weight of each space in the joint score, not negative; 1 by default."""
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    """Other tensors for a loss, or for a score that does not factorise, ``[B, ...]`` by name."""

    def __post_init__(self) -> None:
        sizes = {len(t) for t in [*self.spaces.values(), *self.extras.values()]}
        if not self.spaces or len(sizes) != 1:
            raise ValueError(f"Embedding: at least one space and one batch size are needed, got sizes {sorted(sizes)}")
        if any(weight < 0 for weight in self.weights.values()):
            raise ValueError("Embedding: weights of spaces must not be negative")

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

    def joint(self) -> Tensor:
        """``[B, sum d_s]``: the normalised spaces, each times the square root of its weight, concatenated.

        The dot product of two such vectors is the joint score, so retrieval needs a single matrix product.
        """
        parts = [F.normalize(v, dim=-1) * self.weights.get(name, 1.0) ** 0.5 for name, v in self.spaces.items()]
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
        return Embedding(spaces, self.weights, {name: change(tensor) for name, tensor in self.extras.items()})

    @staticmethod
    def cat(parts: Sequence[Embedding]) -> Embedding:
        """Concatenate along the batch."""
        first = parts[0]
        return Embedding(
            {name: torch.cat([p.spaces[name] for p in parts]) for name in first.spaces},
            first.weights,
            {name: torch.cat([p.extras[name] for p in parts]) for name in first.extras},
        )


ScoreFunction = Callable[[Embedding, Embedding], Tensor]
"""Scores ``[B, N]`` of B queries against N candidates; higher is better."""


def joint_score(queries: Embedding, candidates: Embedding) -> Tensor:
    """``[B, N]``: the sum over the spaces of the query's weight times the cosine of query and candidate."""
    weighted = Embedding(candidates.spaces, queries.weights)
    return queries.joint() @ weighted.joint().T
