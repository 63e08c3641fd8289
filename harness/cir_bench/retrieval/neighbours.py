"""The nearest gallery rows of each query: the neighbourhood that a composer such as SADN's looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cir_bench.errors import ConfigError, DataError
from cir_bench.retrieval.chunks import BUDGET_BYTES, ChunkPlan
from cir_bench.retrieval.index import RowIndex, RowLists
from cir_bench.retrieval.passes import find_places
from cir_bench.retrieval.scorer import ScoreChunk


class TopRows(NamedTuple):
    """The k best gallery rows of each query, best first."""

    scores: Tensor
    """``[Q, k]``, -inf after the end of a list."""
    rows: Tensor
    """``[Q, k]`` int64, -1 where fewer than k candidates are left."""


def topk_rows(
    scorer: ScoreChunk,
    n_queries: int,
    n_gallery: int,
    k: int,
    excluded: Sequence[Sequence[int]] = (),
    *,
    budget_bytes: int = BUDGET_BYTES,
    chunks: ChunkPlan | None = None,
    device: torch.device | str = "cpu",
) -> TopRows:
    """The k best gallery rows of each query, in bounded memory and without a gradient.

    Args:
        scorer: scores some queries against some gallery rows.
        n_queries: Q.
        n_gallery: N.
        k: neighbours per query.
        excluded: for every query the gallery rows that are not candidates; the empty default excludes nothing.
        budget_bytes: working memory of each thread.
        chunks: chunk sizes, instead of choosing them by ``budget_bytes``.
        device: where scores are sorted, and where the result is.

    Raises:
        DataError: ``excluded`` has not one list per query, or names a row outside the gallery.
        RunError: a score is NaN or infinite.
        ConfigError: k is less than 1.
    """
    if k < 1:
        raise ConfigError(f"A neighbourhood needs k ≥ 1, got {k}.")
    nothing: list[tuple[int, ...]] = [()] * n_queries
    removed = RowLists.of(excluded or nothing)
    if len(removed.offsets) != n_queries + 1:
        raise DataError(f"{n_queries} queries came with {len(excluded)} lists of excluded gallery rows.")
    if removed.rows.size and not 0 <= removed.rows.min() <= removed.rows.max() < n_gallery:
        raise DataError(f"An excluded gallery row is outside the gallery of {n_gallery} images.")
    places = find_places(
        scorer,
        RowIndex(RowLists.of(nothing), removed),
        n_gallery,
        k,
        lambda: torch.arange(n_gallery, device=device),
        lambda query, image: f"query row {query} against gallery row {image}",
        budget_bytes=budget_bytes,
        chunks=chunks,
        device=device,
    )
    return TopRows(places.scores, places.rows)
