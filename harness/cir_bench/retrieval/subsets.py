"""Search among a few candidates per query: CIRR's subset ranking (six members without the reference)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.errors import DataError, RunError
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.index import MISSING, RowIndex, RowLists, rows_by_id
from cir_bench.retrieval.passes import Places, find_places
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import TOP_K, Ranking
from cir_bench.retrieval.scorer import RowSet, ScoreChunk
from cir_bench.retrieval.shards import Shard

QUERIES_AT_ONCE = 32
"""These queries are scored against all of their candidates together, so few pairs are scored in vain."""


def search_subsets(
    score_chunk: ScoreChunk,
    queries: QuerySet,
    gallery_ids: Sequence[str],
    candidates: Sequence[Sequence[str]],
    *,
    top_k: int = TOP_K,
    device: torch.device | str = "cpu",
    shard: Shard | None = None,
) -> Ranking:
    """Rank for each query only its own ``candidates``, without its excluded images.

    A candidate that is not in the gallery cannot be scored and is left out; a target that is not among the candidates
    is never hit. The Ranking's ``n_gallery`` is the whole gallery's, its ``n_candidates`` are the sizes of the subsets.
    Other arguments and errors as of :func:`~cir_bench.retrieval.search.search`; `DataError` also without one list per
    query.
    """
    if len(candidates) != len(queries):
        raise DataError(f"{len(queries)} queries came with {len(candidates)} lists of subset candidates.")
    row_of = rows_by_id(gallery_ids)
    members = [
        sorted({image for image in subset if image in row_of} - set(excluded))
        for subset, excluded in zip(candidates, queries.excluded, strict=True)
    ]
    padded = padded_rows(members, row_of)
    own = _subset_scorer(score_chunk if shard is None else shard.whole_scorer(score_chunk), padded)
    places = rank_members(own, queries, gallery_ids, members, padded, top_k=top_k, device=device)
    return places.ranking(queries, gallery_ids, np.array([len(images) for images in members]))


def padded_rows(members: Sequence[Sequence[str]], row_of: Mapping[str, int]) -> NDArray[np.int64]:
    """``[Q, S]``: the gallery rows of each query's own candidates, `MISSING` after the end of a list."""
    padded = np.full((len(members), max([1, *map(len, members)])), MISSING, dtype=np.int64)
    for query, images in enumerate(members):
        padded[query, : len(images)] = [row_of[image] for image in images]
    return padded


def rank_members(
    score_members: ScoreChunk,
    queries: QuerySet,
    gallery_ids: Sequence[str],
    members: Sequence[Sequence[str]],
    padded: NDArray[np.int64],
    *,
    top_k: int = TOP_K,
    device: torch.device | str = "cpu",
) -> Places:
    """Rank for each query its own candidates alone: ``members``, sorted, whose gallery rows are ``padded`` ``[Q, S]``.

    ``score_members`` scores queries against places in their own lists. The rows of the result are gallery rows.
    """
    width = padded.shape[1]
    places = find_places(
        score_members,
        _index(queries, members, width),
        width,
        top_k,
        lambda: torch.arange(width, device=device),
        lambda query, column: (
            f"query {queries.ids[query]!r} against gallery image {gallery_ids[padded[query, column]]!r}"
        ),
        chunks=ChunkPlan(QUERIES_AT_ONCE, width),
        device=device,
    )
    columns = places.rows.cpu()
    rows = torch.from_numpy(padded).gather(1, columns.clamp(min=0)).where(columns >= 0, columns)
    return replace(places, rows=rows)


def _index(queries: QuerySet, members: Sequence[Sequence[str]], width: int) -> RowIndex:
    """In the block of all subsets, padding is what exclusion is in a gallery, and columns are in the order of ids."""
    targets = []
    for images, relevant in zip(members, queries.relevant, strict=True):
        column_of = {image: column for column, image in enumerate(images)}
        targets.append([column_of.get(image, MISSING) for image in relevant])
    return RowIndex(RowLists.of(targets), RowLists.of([range(len(images), width) for images in members]))


def _subset_scorer(score_chunk: ScoreChunk, padded: NDArray[np.int64]) -> ScoreChunk:
    """Scores each query against its own row of gallery rows ``padded`` ``[Q, S]``; padding scores 0."""

    def score(query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        """Scores ``[q, s]``, picked from those of the queries against the union of their candidates."""
        rows = padded[query_rows][:, gallery_rows]
        union, column = np.unique(rows[rows != MISSING], return_inverse=True)
        if not len(union):
            return torch.zeros(rows.shape)
        pairs = score_chunk(query_rows, torch.from_numpy(union))
        if tuple(pairs.shape) != (len(rows), len(union)):
            raise RunError(f"The scorer gave {tuple(pairs.shape)} scores for {len(rows)} x {len(union)} pairs.")
        owner, place = np.nonzero(rows != MISSING)
        scores = pairs.new_zeros(rows.shape)
        at = [torch.from_numpy(part).to(pairs.device) for part in (owner, place, column)]
        scores[at[0], at[1]] = pairs[at[0], at[2]]
        return scores

    return score
