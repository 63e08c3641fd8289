"""`RowValues`: the queries of one row of a table, over its seeds, as numbers whose means are the row's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cir_bench.evaluation.measure import MEAN
from cir_bench.statistics.draws import Floats
from cir_bench.statistics.queries import QueryResults


@dataclass(frozen=True, eq=False)
class RowValues:
    """One method over S seeds on the same Q queries, with a cell for each seed."""

    seeds: tuple[int, ...]
    cells: tuple[QueryResults, ...]
    values: dict[str, Floats]
    """``[S, Q]`` by key, what each query contributes (`QueryResults.contribution`): for the metrics of the record that
    are means over queries, the headline among them."""

    @property
    def weights(self) -> Floats:
        """``[Q]`` of the queries in a mean over parts; sums to 1."""
        return self.cells[0].weights


def row_values(seeds: Sequence[int], cells: Sequence[QueryResults | None], headline: str) -> RowValues | None:
    """A row that can be compared by ``headline``.

    None if the queries of a cell were not kept or differ from another cell's, or if the headline is not a mean over
    queries.
    """
    kept = [cell for cell in cells if cell is not None]
    if not kept or len(kept) < len(cells) or not all(kept[0].same_queries(cell) for cell in kept):
        return None
    values = {}
    for key in _keys(kept[0]):
        each = [contribution for cell in kept if (contribution := cell.contribution(key)) is not None]
        if len(each) == len(kept):
            values[key] = np.stack(each)
    return RowValues(tuple(seeds), tuple(kept), values) if headline in values else None


def _keys(cell: QueryResults) -> list[str]:
    """The keys of a record."""
    parts = [""] if list(cell.parts) == [""] else [f"{part}/" for part in (*cell.parts, MEAN)]
    return list(dict.fromkeys([cell.headline.name, *(part + name for name in cell.metrics for part in parts)]))
