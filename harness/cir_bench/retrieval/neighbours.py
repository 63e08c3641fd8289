"""The nearest gallery rows of each query: the neighbourhood that a composer such as SADN's looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cir_bench.errors import ConfigError, DataError
from cir_bench.retrieval.blocks import MASKED, BlockReader
from cir_bench.retrieval.chunks import BUDGET_BYTES, ChunkPlan, plan_for, spans, tile_scores_on
from cir_bench.retrieval.index import RowLists
from cir_bench.retrieval.scorer import DotScorer, Matrix
from cir_bench.retrieval.topk import NO_ROW, RunningTopK
from cir_bench.retrieval.workers import thread_count, workers


@dataclass(frozen=True)
class TopRows:
    """The k best gallery rows of each query, best first.

    Attributes:
        scores: ``[Q, k]``, -inf behind the end of a list.
        rows: ``[Q, k]`` int64, -1 where fewer than k candidates are left.
    """

    scores: Tensor
    rows: Tensor


def topk_rows(
    queries: Matrix,
    gallery: Matrix,
    k: int,
    excluded: Sequence[Sequence[int]] = (),
    *,
    budget_bytes: int = BUDGET_BYTES,
    chunks: ChunkPlan | None = None,
    device: torch.device | str = "cpu",
) -> TopRows:
    """The k nearest gallery rows of each query by dot product, for neighbourhoods (SADN); memory-bounded, no gradient.

    Args:
        queries: ``[Q, D]``.
        gallery: ``[N, D]``; may be a memory map.
        k: neighbours per query.
        excluded: for every query the gallery rows that are no candidates; the empty default excludes nothing.
        budget_bytes: working memory of each thread.
        chunks: chunk sizes, instead of choosing them by ``budget_bytes``.
        device: where scores are sorted, and where the result lies.

    Raises:
        DataError: ``excluded`` has not one list per query, or names a row outside the gallery.
        RunError: a score is NaN or infinite.
        ConfigError: k is less than 1, or the matrices do not fit each other.
    """
    n_queries, n_gallery = len(queries), len(gallery)
    if k < 1:
        raise ConfigError(f"A neighbourhood needs k ≥ 1, got {k}.")
    removed = RowLists.of(excluded or [()] * n_queries)
    if len(removed.offsets) != n_queries + 1:
        raise DataError(f"{n_queries} queries came with {len(excluded)} lists of excluded gallery rows.")
    if removed.rows.size and not 0 <= removed.rows.min() <= removed.rows.max() < n_gallery:
        raise DataError(f"An excluded gallery row lies outside the gallery of {n_gallery} images.")
    device = torch.device(device)
    scorer = DotScorer(queries, gallery, device)
    threads = thread_count(scorer, device)
    tile_scores = tile_scores_on(device.type)
    plan = chunks or plan_for(scorer, n_queries, n_gallery, budget_bytes, tile_scores, threads, k)
    reader = BlockReader(scorer, lambda query, image: f"query row {query} against gallery row {image}", device)
    rows = torch.full((n_queries, k), NO_ROW, dtype=torch.int64, device=device)
    scores = torch.full((n_queries, k), MASKED, dtype=scorer.dtype, device=device)

    def find(span: slice) -> None:
        top = RunningTopK(span.stop - span.start, k, lambda: torch.arange(n_gallery, device=device), device)
        for columns in spans(n_gallery, plan.gallery):
            top.update(reader.read_candidates(span, columns, removed, k), columns.start)
        scores[span], rows[span] = top.scores, top.rows

    with workers(threads) as each:
        each(find, spans(n_queries, plan.queries))
    return TopRows(scores, rows)
