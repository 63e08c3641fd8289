"""How many queries and how many gallery images are scored at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from cir_bench.errors import ConfigError

BUDGET_BYTES = 128 * 2**20
"""Default working memory of each thread of a search."""
BLOCK_BYTES = 8
"""Per score of a block: the float32 itself, the groups' maxima (twice), and which cells are looked at."""
TILE_BYTES = 10
"""Per score of a tile, in addition: the scorer's own [q, n] result, a tile to count in, rows copied from it."""
LIST_BYTES = 64
"""Per candidate that is kept of a query, while a block's best are merged with the list so far."""
TILE_SCORES = 2**21
"""A block is scored and counted in tiles of so many scores: 8 MiB stay in a processor's cache from step to step."""
GPU_TILE_SCORES = 2**24
"""A GPU needs more work at once."""
BLOCK_TILES = 4
"""A block has at most about so many tiles: 32 MiB of scores stay in a large cache until all is done with them."""
ROWS = 1024
"""More queries than this at once make a matrix product no faster, fewer make it slower."""
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


def working_bytes(
    queries: int, gallery: int, query_bytes: int = 0, gallery_bytes: int = 0, tile_scores: int = TILE_SCORES
) -> int:
    """The working memory of chunks of this size: scores, and the chunks' vectors if they are copied."""
    scores = queries * gallery
    vectors = queries * query_bytes + gallery * gallery_bytes
    return scores * BLOCK_BYTES + min(scores, tile_scores) * TILE_BYTES + vectors


def plan_chunks(
    n_queries: int,
    n_gallery: int,
    budget_bytes: int,
    query_bytes: int = 0,
    gallery_bytes: int = 0,
    tile_scores: int = TILE_SCORES,
    best: int = 0,
) -> ChunkPlan:
    """The largest useful chunks that fit ``budget_bytes``: as many queries as are useful, then images, ideally all.

    Chunks of queries are of about one size, so that threads have equal shares. The budget is for scores and the chunks'
    vectors (``query_bytes`` and ``gallery_bytes`` each); the result itself, about ``best`` × 12 bytes per query, comes
    on top. `ConfigError` if not even one query and one image fit.
    """
    n_queries, n_gallery = max(n_queries, 1), max(n_gallery, 1)
    query_bytes += LIST_BYTES * min(best, n_gallery)
    queries = -(-n_queries // -(-n_queries // ROWS))  # as few chunks as possible, as equal as possible
    while queries:

        def too_wide(gallery: int, queries: int = queries) -> bool:
            needed = working_bytes(queries, gallery, query_bytes, gallery_bytes, tile_scores)
            return queries * gallery > BLOCK_TILES * tile_scores or needed > budget_bytes

        columns = bisect_left(range(1, min(n_gallery, MAX_COLUMNS) + 1), True, key=too_wide)
        # a chunk narrower than it is high wastes the vectors that are loaded for it
        if columns >= min(n_gallery, queries):
            return ChunkPlan(queries, columns)
        queries //= 2
    raise ConfigError(
        f"A memory budget of {budget_bytes} bytes is too small to score one query against one image "
        f"({working_bytes(1, 1, query_bytes, gallery_bytes)} bytes); give the search more."
    )


def tile_width(queries: int, columns: int, tile_scores: int, multiple: int = 1) -> int:
    """How many columns each tile of a block has: about ``tile_scores`` scores' worth, a multiple of ``multiple``."""
    tiles = max(1, -(-columns * queries // tile_scores))
    width = max(1, -(-columns // tiles))
    return -(-width // multiple) * multiple


def tile_scores_on(device_type: str) -> int:
    """The scores that are worked on at once on this kind of device."""
    return TILE_SCORES if device_type == "cpu" else GPU_TILE_SCORES


def spans(stop: int, size: int, start: int = 0) -> Iterator[slice]:
    """Cut ``range(start, stop)`` into slices of at most ``size``."""
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))
