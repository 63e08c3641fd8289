"""The gallery as seen by a composer that refines its queries with it (SADN)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
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

    def joint(self, queries: Embedding) -> Tensor:
        """The joint vectors ``[N, D]`` by the weights of the queries."""
        known = self._joint
        if known is None or known[0] != queries.weights:
            self._joint = known = queries.weights, with_weights_of(queries, self.embedding).joint()
        return known[1]


def scorer_of(
    score: ScoreFunction, queries: Embedding, gallery: Embedding | Candidates, device: torch.device
) -> ScoreChunk:
    """What scores B queries against N candidates, chunk by chunk: a matrix product for the joint score."""
    candidates = gallery if isinstance(gallery, Candidates) else Candidates(gallery)
    embedding = candidates.embedding
    if score is joint_score:
        if not queries.several and not embedding.several:
            return DotScorer(queries.joint(), candidates.joint(queries), device)
        ours, theirs = queries.weighted(), with_weights_of(queries, embedding).weighted()
        return GreatestScorer([(ours[name], theirs[name]) for name in ours], device)

    def score_chunk(query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        with torch.no_grad():
            return score(queries[query_rows], embedding[gallery_rows])

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
