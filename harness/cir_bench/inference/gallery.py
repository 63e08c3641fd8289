"""The gallery as seen by a composer that refines its queries with it (SADN)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.interfaces.composer import TopK
from cir_bench.interfaces.embedding import Embedding, ScoreFunction, joint_score, with_weights_of
from cir_bench.retrieval.greatest import GreatestScorer
from cir_bench.retrieval.scorer import DotScorer, RowSet, ScoreChunk
from cir_bench.retrieval.search import topk_rows


class Candidates:
    """N embedded candidates that are searched again and again: what is the same for all queries is computed once."""

    def __init__(self, embedding: Embedding) -> None:
        self.embedding = embedding
        self._joint: tuple[Mapping[str, float], Tensor] | None = None

    @property
    def several(self) -> bool:
        """Whether a candidate has several vectors in a space."""
        return bool(self.embedding.several)

    @cached_property
    def vectors(self) -> Tensor:
        """What `GalleryView.take` gives of each: its vector ``[N, d]`` in the only or the joint space."""
        return vectors_of(self.embedding)

    def chunk(self, rows: RowSet) -> Embedding:
        """Some of them, for a score that does not factorise."""
        return self.embedding[rows]

    def joint(self, queries: Embedding) -> tuple[Tensor, Tensor]:
        """Vectors ``[B, D]`` and ``[N, D]`` whose dot products are the joint scores."""
        known = self._joint
        if known is None or known[0] != queries.weights:
            self._joint = known = queries.weights, with_weights_of(queries, self.embedding).joint()
        return queries.joint(), known[1]

    def spaces(self, queries: Embedding) -> list[tuple[Tensor, Tensor]]:
        """Of each space ``[B, (M,) d]`` and ``[N, (M,) d]``, whose greatest dot products add up to the joint scores."""
        ours, theirs = queries.weighted(), with_weights_of(queries, self.embedding).weighted()
        return [(ours[name], theirs[name]) for name in ours]


class UnitCandidates(Candidates):
    """Candidates whose vectors have length 1 already; the weights of the spaces are the queries' alone.

    Args:
        units: ``[N, (M,) d]`` by space.
        matrix: ``[N, sum d]``, the units side by side; None where a candidate has several vectors in a space.
        embedding: the vectors as they were before; needed by composers that refine queries with them.
    """

    def __init__(self, units: Mapping[str, Tensor], matrix: Tensor | None, embedding: Embedding | None = None) -> None:
        reduce: Literal["max"] | None = "max" if any(one.ndim == 3 for one in units.values()) else None
        super().__init__(embedding or Embedding(units, reduce=reduce))
        self._units, self._matrix = units, matrix

    def joint(self, queries: Embedding) -> tuple[Tensor, Tensor]:
        """As of `Candidates`; the dot products are the same up to rounding."""
        if self._matrix is None:
            raise ValueError("candidates with several vectors in a space have no joint vector")
        return self.folded(queries), self._matrix

    def folded(self, queries: Embedding) -> Tensor:
        """``[B, sum d]``: the vectors of the queries that are compared with the units."""
        return torch.cat([ours for ours, _ in self.spaces(queries)], dim=-1)

    def spaces(self, queries: Embedding) -> list[tuple[Tensor, Tensor]]:
        """As of `Candidates`."""
        return [
            (F.normalize(queries.spaces[name], dim=-1) * queries.weights.get(name, 1.0), unit)
            for name, unit in self._units.items()
        ]

    def take(self, rows: Tensor) -> UnitCandidates:
        """Copies of some of them, less what only refining needs."""
        if self._matrix is None:
            return UnitCandidates({name: unit[rows] for name, unit in self._units.items()}, None)
        matrix = self._matrix[rows.to(self._matrix.device)]
        return UnitCandidates(side_by_side(matrix, {name: unit.shape[1] for name, unit in self._units.items()}), matrix)


def side_by_side(matrix: Tensor, widths: Mapping[str, int]) -> dict[str, Tensor]:
    """The parts ``[N, d]`` of ``[N, sum d]`` by name; they are views."""
    starts = accumulate(widths.values(), initial=0)
    return {
        name: matrix[:, start : start + width] for (name, width), start in zip(widths.items(), starts, strict=False)
    }


def scorer_of(
    score: ScoreFunction, queries: Embedding, gallery: Embedding | Candidates, device: torch.device
) -> ScoreChunk:
    """What scores B queries against N candidates, chunk by chunk: a matrix product for the joint score."""
    candidates = gallery if isinstance(gallery, Candidates) else Candidates(gallery)
    if score is joint_score:
        if not queries.several and not candidates.several:
            return DotScorer(*candidates.joint(queries), device)
        return GreatestScorer(candidates.spaces(queries), device)

    def score_chunk(query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        with torch.no_grad():
            return score(queries[query_rows], candidates.chunk(gallery_rows))

    return score_chunk


class GalleryForQueries:
    """A :class:`~cir_bench.interfaces.composer.GalleryView` for B queries that hides each query's excluded rows.

    ``vectors`` are ``vectors_of(gallery)``, computed once for all queries; ``score`` is the composer's
    (`Composer.scorer`).
    """

    def __init__(
        self,
        gallery: Embedding | Candidates,
        vectors: Tensor,
        excluded: Sequence[Sequence[int]],
        score: ScoreFunction = joint_score,
    ) -> None:
        self._gallery, self._vectors, self._excluded, self._score = gallery, vectors, excluded, score

    def __len__(self) -> int:
        return len(self._vectors)

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best candidates of each query, or as many as the query with the most exclusions has left."""
        if len(queries) != len(self._excluded):
            raise RunError(
                f"topk was called with {len(queries)} queries, but this view is of {len(self._excluded)}; "
                "pass all the queries given to refine, in their order."
            )
        left = len(self) - max((len(rows) for rows in self._excluded), default=0)
        device = self._vectors.device
        scorer = scorer_of(self._score, queries, self._gallery, device)
        found = topk_rows(scorer, len(queries), len(self), min(k, left), self._excluded, device=device)
        return TopK(rows=found.rows, scores=found.scores)

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]``."""
        return self._vectors[rows.to(self._vectors.device)]


def vectors_of(gallery: Embedding) -> Tensor:
    """What `GalleryView.take` gives of each candidate: its vector ``[N, d]`` in the only or the joint space."""
    return gallery.main if len(gallery.spaces) == 1 else gallery.joint()
