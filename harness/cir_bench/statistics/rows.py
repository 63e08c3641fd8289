"""`RowValues`: the queries of one row of a table, over its seeds, as numbers whose means are the row's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cir_bench.statistics.queries import QueryResults

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RowValues:
    """One method over S seeds on the same Q queries.

    Attributes:
        seeds: of the cells.
        cells: their queries, in the order of ``seeds``.
        keys: metrics of the record that are means over queries, the headline among them.
    """

    seeds: tuple[int, ...]
    cells: tuple[QueryResults, ...]
    keys: tuple[str, ...]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Queries of each part."""
        return tuple(len(part.gallery) for part in self.cells[0].parts.values())

    @cached_property
    def weights(self) -> Floats:
        """``[Q]`` of the queries in a mean over parts; sums to 1."""
        return self.cells[0].weights

    @cached_property
    def values(self) -> Floats:
        """``[S, Q, K]`` contributions of the queries to each key (`QueryResults.contribution`)."""
        return np.stack([np.stack([_known(cell, key) for key in self.keys], axis=1) for cell in self.cells])

    def of(self, key: str) -> Floats:
        """``[S, Q]`` contributions to one key."""
        values: Floats = self.values[:, :, self.keys.index(key)]
        return values


def row_values(seeds: Sequence[int], cells: Sequence[QueryResults | None], headline: str) -> RowValues | None:
    """A row that can be compared by ``headline``; None where a cell lacks its queries, or they are not the same ones.

    Nor is there one where the headline is no mean over queries.
    """
    known = [cell for cell in cells if cell is not None]
    if not known or len(known) < len(cells) or not all(known[0].same_queries(cell) for cell in known):
        return None
    keys = tuple(key for key in _keys(known[0]) if all(cell.contribution(key) is not None for cell in known))
    return RowValues(tuple(seeds), tuple(known), keys) if headline in keys else None


def _keys(cell: QueryResults) -> list[str]:
    """The keys of a record."""
    parts = [""] if list(cell.parts) == [""] else [f"{part}/" for part in (*cell.parts, "mean")]
    return list(dict.fromkeys([cell.headline.name, *(part + name for name in cell.metrics for part in parts)]))


def _known(cell: QueryResults, key: str) -> Floats:
    found = cell.contribution(key)
    assert found is not None  # of a key that `row_values` chose
    return found
