"""How many queries and how many gallery images are scored at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cir_bench.errors import ConfigError

BUDGET_BYTES = 256 * 2**20
"""Working memory of a search unless told otherwise."""
BYTES_PER_SCORE = 16
"""The scorer's own [q, n] result, the block it is copied to, a scratch block to count in, and the rows copied from it
for queries with many tie groups: four blocks of float32."""
MIN_FULL_ROWS = 64
"""Fewer whole rows than this at once would load a streamed gallery too often; the gallery is cut up instead."""
STREAMED_QUERIES = 256
MAX_COLUMNS = 2**24
"""Candidates are counted in float32, which is exact up to here."""


@dataclass(frozen=True)
class ChunkPlan:
    """Chunk sizes: ``queries`` × ``gallery`` scores exist at a time. Results do not depend on them."""

    queries: int
    gallery: int

    def __post_init__(self) -> None:
        if self.queries < 1 or not 1 <= self.gallery <= MAX_COLUMNS:
            raise ConfigError(f"Chunks of {self.queries} queries x {self.gallery} gallery images are impossible.")


def plan_chunks(
    n_queries: int, n_gallery: int, budget_bytes: int, query_bytes: int = 0, gallery_bytes: int = 0
) -> ChunkPlan:
    """The largest chunks whose scores fit ``budget_bytes``; whole gallery rows where that leaves enough queries.

    Args:
        n_queries: Q.
        n_gallery: N.
        budget_bytes: memory for scores and for the chunks' vectors. The result itself comes on top: about
            ``top_k`` × 12 bytes per query, whatever N is.
        query_bytes: what the scorer needs per query of a chunk.
        gallery_bytes: what the scorer needs per gallery image of a chunk.

    Raises:
        ConfigError: not even one query and one image fit.
    """
    n_queries, n_gallery = max(n_queries, 1), max(n_gallery, 1)
    full_rows = (budget_bytes - n_gallery * gallery_bytes) // (n_gallery * BYTES_PER_SCORE + query_bytes)
    if n_gallery <= MAX_COLUMNS and full_rows >= min(n_queries, MIN_FULL_ROWS):
        return ChunkPlan(min(n_queries, full_rows), n_gallery)
    queries = min(n_queries, STREAMED_QUERIES)
    while queries:
        columns = (budget_bytes - queries * query_bytes) // (queries * BYTES_PER_SCORE + gallery_bytes)
        # a chunk narrower than it is high wastes the vectors that are loaded for it
        if columns >= min(n_gallery, queries):
            return ChunkPlan(queries, min(columns, n_gallery, MAX_COLUMNS))
        queries //= 2
    raise ConfigError(
        f"A memory budget of {budget_bytes} bytes is too small to score one query against one image "
        f"({BYTES_PER_SCORE + query_bytes + gallery_bytes} bytes); give the search more."
    )


def plan_for(score_chunk: object, n_queries: int, n_gallery: int, budget_bytes: int) -> ChunkPlan:
    """:func:`plan_chunks` with the scorer's ``query_bytes`` and ``gallery_bytes``, where it declares them."""
    query_bytes = int(getattr(score_chunk, "query_bytes", 0))
    gallery_bytes = int(getattr(score_chunk, "gallery_bytes", 0))
    return plan_chunks(n_queries, n_gallery, budget_bytes, query_bytes, gallery_bytes)


def spans(length: int, size: int) -> Iterator[slice]:
    """Cut ``range(length)`` into slices of at most ``size``."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
