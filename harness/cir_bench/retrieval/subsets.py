"""Search among a few candidates per query: CIRR's subset ranking (six members less the reference)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.errors import DataError, RunError
from cir_bench.retrieval.blocks import BlockReader
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.index import MISSING, RowIndex, RowLists, rows_by_id
from cir_bench.retrieval.passes import find_places
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import TOP_K, Ranking
from cir_bench.retrieval.scorer import Rows, ScoreChunk
from cir_bench.retrieval.ties import TOLERANCE
from cir_bench.retrieval.topk import known
from cir_bench.retrieval.workers import workers

QUERIES_AT_ONCE = 32
"""These queries are scored against all of their candidates together, so few pairs are scored in vain."""


def search_subsets(
    score_chunk: ScoreChunk,
    queries: QuerySet,
    gallery_ids: Sequence[str],
    candidates: Sequence[Sequence[str]],
    *,
    top_k: int = TOP_K,
    tolerance: float = TOLERANCE,
    device: torch.device | str = "cpu",
) -> Ranking:
    """Rank for each query only its own candidates, less its excluded images.

    Args:
        score_chunk: scores Q × N pairs by row, as for the whole gallery.
        queries: the Q queries.
        gallery_ids: the ids of the N gallery rows.
        candidates: for every query the ids of its candidates. One that is not in the gallery cannot be scored and is
            no candidate; a target that is not among the candidates is never hit.
        top_k: best candidates to keep per query; equal scores in the order of their ids.
        tolerance: as in :func:`~cir_bench.retrieval.search.search`.
        device: where scores are compared and sorted.

    Returns:
        a Ranking of its own, whose ``n_gallery`` is N and whose ``n_candidates`` are the sizes of the subsets.

    Raises:
        DataError: not one list per query, or a gallery id occurs twice.
        RunError: a score is NaN or infinite; the sentence names the query and the image.
    """
    if len(candidates) != len(queries):
        raise DataError(f"{len(queries)} queries came with {len(candidates)} lists of subset candidates.")
    row_of = rows_by_id(gallery_ids)
    members = [
        sorted({image for image in subset if image in row_of} - set(excluded))
        for subset, excluded in zip(candidates, queries.excluded, strict=True)
    ]
    width = max([1, *map(len, members)])
    padded = np.full((len(queries), width), MISSING, dtype=np.int64)
    for query, images in enumerate(members):
        padded[query, : len(images)] = [row_of[image] for image in images]
    # in the block of all subsets side by side, padding is what exclusion is in a gallery, and columns are in id order
    column_of = [{image: column for column, image in enumerate(images)} for images in members]
    index = RowIndex(
        targets=RowLists.of(
            [[at.get(t, MISSING) for t in wanted] for at, wanted in zip(column_of, queries.relevant, strict=True)]
        ),
        excluded=RowLists.of([range(len(images), width) for images in members]),
    )

    def describe(query: int, column: int) -> str:
        return f"query {queries.ids[query]!r} against gallery image {gallery_ids[padded[query, column]]!r}"

    reader = BlockReader(_SubsetScorer(score_chunk, padded), describe, device)

    def in_order() -> torch.Tensor:
        return torch.arange(width, device=device)

    plan = ChunkPlan(QUERIES_AT_ONCE, width)
    with workers(0) as each:
        places = find_places(reader, index, width, plan, tolerance, top_k, in_order, each, device)
    return Ranking(
        queries=queries,
        n_gallery=len(gallery_ids),
        n_candidates=np.array([len(images) for images in members], dtype=np.int64),
        better=places.better,
        tied=places.tied,
        top_ids=tuple(
            tuple(images[column] for column in row if column >= 0)
            for images, row in zip(members, places.rows.tolist(), strict=True)
        ),
        top_scores=known(places.scores, places.rows),
        top_k=top_k,
        searched=True,
    )


class _SubsetScorer:
    """Scores each query against its own row of gallery rows ``padded`` ``[Q, S]``; padding scores 0."""

    def __init__(self, score_chunk: ScoreChunk, padded: NDArray[np.int64]) -> None:
        self._score_chunk, self._padded = score_chunk, padded

    def __call__(self, query_rows: Rows, gallery_rows: Rows) -> Tensor:
        """Scores ``[q, s]`` out of those of the queries against the union of their subsets' columns."""
        wanted = self._padded[query_rows][:, gallery_rows]
        union, column = np.unique(wanted[wanted != MISSING], return_inverse=True)
        if not len(union):
            return torch.zeros(wanted.shape)
        pairs = self._score_chunk(query_rows, torch.from_numpy(union))
        if tuple(pairs.shape) != (len(wanted), len(union)):
            raise RunError(f"The scorer gave {tuple(pairs.shape)} scores for {len(wanted)} x {len(union)} pairs.")
        owner, place = np.nonzero(wanted != MISSING)
        scores = pairs.new_zeros(wanted.shape)
        at = [torch.from_numpy(part).to(pairs.device) for part in (owner, place, column)]
        scores[at[0], at[1]] = pairs[at[0], at[2]]
        return scores
