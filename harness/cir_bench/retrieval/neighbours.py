"""The nearest gallery rows of each query: the neighbourhood that a composer such as SADN's looks at."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cir_bench.errors import ConfigError, DataError
from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.index import RowIndex, RowLists
from cir_bench.retrieval.passes import Places, find_places
from cir_bench.retrieval.scorer import ScoreChunk


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
