"""Exact search: every query against the whole gallery, in chunks of both, in bounded memory.

`topk_rows` finds the nearest rows alone: the neighbourhood that a composer such as SADN's looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from cir_bench.errors import ConfigError, DataError
from cir_bench.retrieval.chunks import BUDGET_BYTES, ChunkPlan
from cir_bench.retrieval.index import RowIndex, RowLists, id_order, index_queries, rows_by_id
from cir_bench.retrieval.passes import Places, find_places
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import TOP_K, Ranking
from cir_bench.retrieval.scorer import ScoreChunk
from cir_bench.retrieval.shards import Shard
from cir_bench.retrieval.ties import TOLERANCE


def search(
    score_chunk: ScoreChunk,
    queries: QuerySet,
    gallery_ids: Sequence[str],
    *,
    top_k: int = TOP_K,
    tolerance: float = TOLERANCE,
    budget_bytes: int = BUDGET_BYTES,
    chunks: ChunkPlan | None = None,
    device: torch.device | str = "cpu",
    shard: Shard | None = None,
    row_of: dict[str, int] | None = None,
) -> Ranking:
    """Rank the whole gallery for every query, exactly.

    Excluded images are masked by id before anything is ranked. Where a block holds whole gallery rows every pair is
    scored once; a wider gallery is passed once for the targets' scores (each query only against the chunks that hold
    its targets) and once more for the counts and the top-k.

    Args:
        score_chunk: scores Q × N pairs by row: a `DotScorer`, or any callable for a scorer that does not factorise.
        queries: the Q queries.
        gallery_ids: the ids of the N gallery rows.
        top_k: best candidates to keep per query; equal scores in the order of their ids.
        tolerance: scores this near to a target's, relative to max(1, |score|), tie with it (see ``ties.py``).
        budget_bytes: working memory of each thread, in addition to the result's own.
        chunks: chunk sizes, instead of choosing them by ``budget_bytes``.
        device: where scores are compared and sorted.
        shard: the rows of the gallery that ``score_chunk`` has; other ranks search the rest, and all get the result.
        row_of: the row of each gallery id, where it is known from an earlier search.

    `DataError` if a gallery id occurs twice; `RunError` naming query and image if a score is NaN or infinite;
    `ConfigError` if the budget is too small for one pair of vectors, or top_k or tolerance is impossible.
    """
    if top_k < 1 or not 0 <= tolerance < 1:
        raise ConfigError(f"A search needs top_k ≥ 1 and 0 ≤ tolerance < 1, got {top_k} and {tolerance}.")
    index = index_queries(queries, rows_by_id(gallery_ids) if row_of is None else row_of)
    places = find_places(
        score_chunk,
        index,
        len(gallery_ids),
        top_k,
        lru_cache(maxsize=1)(lambda: torch.from_numpy(id_order(gallery_ids)).to(device)),
        lambda query, image: f"query {queries.ids[query]!r} against gallery image {gallery_ids[image]!r}",
        tolerance=tolerance,
        budget_bytes=budget_bytes,
        chunks=chunks,
        device=device,
        shard=shard,
    )
    return places.ranking(queries, gallery_ids, len(gallery_ids) - np.diff(index.excluded.offsets))


def topk_rows(
    scorer: ScoreChunk,
    n_queries: int,
    n_gallery: int,
    k: int,
    excluded: Sequence[Sequence[int]] = (),
    *,
    chunks: ChunkPlan | None = None,
    device: torch.device | str = "cpu",
) -> Places:
    """The k best gallery rows of each query, in bounded memory and without a gradient.

    ``excluded`` are for every query the gallery rows that are not candidates; the empty default excludes nothing.
    Other arguments and errors as of `search`; `DataError` also if ``excluded`` has not one list per query, or names a
    row outside the gallery.
    """
    if k < 1:
        raise ConfigError(f"A neighbourhood needs k ≥ 1, got {k}.")
    nothing: list[tuple[int, ...]] = [()] * n_queries
    removed = RowLists.of(excluded or nothing)
    if len(removed.offsets) != n_queries + 1:
        raise DataError(f"{n_queries} queries came with {len(excluded)} lists of excluded gallery rows.")
    if removed.rows.size and not 0 <= removed.rows.min() <= removed.rows.max() < n_gallery:
        raise DataError(f"An excluded gallery row is outside the gallery of {n_gallery} images.")
    return find_places(
        scorer,
        RowIndex(RowLists.of(nothing), removed),
        n_gallery,
        k,
        lambda: torch.arange(n_gallery, device=device),
        lambda query, image: f"query row {query} against gallery row {image}",
        chunks=chunks,
        device=device,
    )
