"""`Groups`: cells that read the same frozen encoder, whose features one job extracts for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cir_bench.errors import CirBenchError
from cir_bench.runs import keys
from cir_bench.runs.cell import Cell
from cir_bench.runs.keys import SharedKey
from cir_bench.runs.workbench import Workbench

Key = tuple[SharedKey, str]


class Groups:
    """Each group is looked at once, when its first cell is about to run."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._extracting: dict[Key, bool] = {}

    def extracting(self, cell: Cell) -> bool:
        """Whether the features of a cell are being extracted."""
        return bool(self._extracting) and not cell.refusal and self._extracting.get(_key(cell), False)

    def to_extract(self, cell: Cell, waiting: Sequence[Cell], runs: Callable[[Cell], bool]) -> list[Cell]:
        """The cells, this one included, whose features are to be extracted first; empty if there is no need."""
        if cell.refusal or cell.has_trained_encoder or (key := _key(cell)) in self._extracting:
            return []
        like = [one for one in waiting if not (one.refusal or one.has_trained_encoder) and _key(one) == key]
        if not runs(cell):  # it is skipped; the next one may need features
            return []
        self._extracting[key] = False
        group = [one for one in like if one is cell or runs(one)]
        if len(group) < 2 or not any(map(self._lacks, group)):
            return []
        self._extracting[key] = True
        return group

    def extracted(self, cell: Cell) -> None:
        """The features of a cell's group are there, or cannot be had."""
        self._extracting[_key(cell)] = False

    def _lacks(self, cell: Cell) -> bool:
        """Whether the cache of this machine lacks features of the cell's evaluation."""
        try:
            missing = self._bench.tables.missing(cell, self._bench.data.evaluation_items(cell))
        except CirBenchError:  # the cell will fail for it, and say so
            return False
        return any(one.items for one in missing.values())


def _key(cell: Cell) -> Key:
    return keys.of_weights(cell), cell.precision
