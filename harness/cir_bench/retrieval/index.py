"""Ids become rows: the gallery row of each relevant and each excluded image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.retrieval.queries import QuerySet, first_repeated, offsets_of, owners_of

MISSING = -1


@dataclass(frozen=True)
class RowLists:
    """For every query some rows of the gallery: ``rows[offsets[q] : offsets[q + 1]]``, flat length E."""

    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> RowLists:
        """From one list of rows per query."""
        flat = [row for rows in lists for row in rows]
        return cls(offsets_of([len(rows) for rows in lists]), np.array(flat, dtype=np.int64))

    def cells(self, queries: slice, gallery: slice) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The entries inside a block: their position in the flat list, and their row and column in the block."""
        first, last = int(self.offsets[queries.start]), int(self.offsets[queries.stop])
        rows = self.rows[first:last]
        inside = np.flatnonzero((rows >= gallery.start) & (rows < gallery.stop))
        owner = owners_of(self.offsets[queries.start : queries.stop + 1])
        return first + inside, owner[inside], rows[inside] - gallery.start


@dataclass(frozen=True)
class RowIndex:
    """The rows of a query set in one gallery.

    ``targets``: those of all J relevant images, `MISSING` for one that is not in the gallery or is excluded;
    ``excluded``: those removed from each query's candidates, each once.
    """

    targets: RowLists
    excluded: RowLists


def rows_by_id(gallery_ids: Sequence[str]) -> dict[str, int]:
    """The row of each gallery id; `DataError` if one occurs twice: it would count twice, and its row be ambiguous."""
    rows = dict(zip(gallery_ids, range(len(gallery_ids)), strict=True))
    if len(rows) != len(gallery_ids):
        raise DataError(f"The gallery lists the image {first_repeated(gallery_ids)!r} more than once.")
    return rows


def index_queries(queries: QuerySet, row_of: dict[str, int]) -> RowIndex:
    """Resolve a query set's ids. An excluded image that is not in the gallery has nothing to be removed from."""
    lists = RowLists.of([[row_of[image] for image in images if image in row_of] for images in queries.excluded])
    pairs = np.unique(owners_of(lists.offsets) * len(row_of) + lists.rows)  # of query and row, each as one number
    owner, excluded = np.divmod(pairs, max(1, len(row_of)))
    rows = np.array([row_of.get(image, MISSING) for image in queries.relevant_ids], dtype=np.int64)
    rows[np.isin(owners_of(queries.relevant_offsets) * len(row_of) + rows, pairs) & (rows != MISSING)] = MISSING
    offsets = offsets_of(np.bincount(owner, minlength=len(queries)))
    return RowIndex(RowLists(queries.relevant_offsets, rows), RowLists(offsets, excluded))


def id_order(gallery_ids: Sequence[str]) -> NDArray[np.int64]:
    """``[N]``: each row's place when the ids are sorted; equal scores are listed in this order."""
    places = np.empty(len(gallery_ids), dtype=np.int64)
    places[sorted(range(len(gallery_ids)), key=gallery_ids.__getitem__)] = np.arange(len(gallery_ids))
    return places
