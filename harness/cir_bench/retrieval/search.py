"""Exact search: every query against the whole gallery, in chunks of both, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch

from cir_bench.errors import ConfigError
from cir_bench.retrieval.blocks import BlockReader
from cir_bench.retrieval.chunks import BUDGET_BYTES, ChunkPlan, plan_for, tile_scores_on
from cir_bench.retrieval.index import id_order, index_queries, rows_by_id
from cir_bench.retrieval.names import NamedRows
from cir_bench.retrieval.passes import find_places
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import TOP_K, Ranking
from cir_bench.retrieval.scorer import ScoreChunk
from cir_bench.retrieval.ties import TOLERANCE
from cir_bench.retrieval.topk import known
from cir_bench.retrieval.workers import thread_count, workers


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
        budget_bytes: working memory of each thread, on top of the result's own.
        chunks: chunk sizes, instead of choosing them by ``budget_bytes``.
        device: where scores are compared and sorted.

    Raises:
        DataError: a gallery id occurs twice.
        RunError: a score is NaN or infinite; the sentence names the query and the image.
        ConfigError: the budget is too small for one pair of vectors, or top_k or tolerance is impossible.
    """
    if top_k < 1 or not 0 <= tolerance < 1:
        raise ConfigError(f"A search needs top_k ≥ 1 and 0 ≤ tolerance < 1, got {top_k} and {tolerance}.")
    device = torch.device(device)
    n_queries, n_gallery = len(queries), len(gallery_ids)
    index = index_queries(queries, rows_by_id(gallery_ids))
    threads = thread_count(score_chunk, device)
    tile_scores = tile_scores_on(device.type)
    plan = chunks or plan_for(score_chunk, n_queries, n_gallery, budget_bytes, tile_scores, threads, top_k)

    def describe(query: int, image: int) -> str:
        return f"query {queries.ids[query]!r} against gallery image {gallery_ids[image]!r}"

    reader = BlockReader(score_chunk, describe, device)
    order = lru_cache(maxsize=1)(lambda: torch.from_numpy(id_order(gallery_ids)).to(device))
    with workers(threads) as each:
        places = find_places(reader, index, n_gallery, plan, tolerance, top_k, order, each, device)
    return Ranking(
        queries=queries,
        n_gallery=n_gallery,
        n_candidates=n_gallery - index.n_excluded,
        better=places.better,
        tied=places.tied,
        top_ids=NamedRows(places.rows.cpu().numpy(), tuple(gallery_ids)),
        top_scores=known(places.scores, places.rows),
        top_k=top_k,
        searched=True,
    )
