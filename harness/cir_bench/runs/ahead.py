"""`columns_ahead`: what later cells of a run will read of the features that a cell is about to extract."""

from __future__ import annotations

from dataclasses import replace

from cir_bench.features.identity import Role, columns
from cir_bench.runs import keys
from cir_bench.runs.cell import Cell
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.shared import Lifetimes


def columns_ahead(cell: Cell, split: str, role: Role, lifetimes: Lifetimes, datasets: DataSets) -> list[str]:
    """Columns that later cells with the same encoder read of every item that ``cell`` reads of a split."""
    found = dict.fromkeys(columns_of(cell, role))
    for later in lifetimes.later(cell):
        new = [column for column in columns_of(later, role) if column not in found]
        if new and _reads_as_much(later, cell, split, datasets) and lifetimes.runs(later):
            found.update(dict.fromkeys(new))
    return [*found]


def columns_of(cell: Cell, role: Role) -> tuple[str, ...]:
    """The columns of the features that a cell reads."""
    needs = cell.needs
    return columns({"image": needs.image, "text": needs.text, "pair": needs.joint}[role], needs.map_levels)


def _reads_as_much(later: Cell, cell: Cell, split: str, datasets: DataSets) -> bool:
    """Whether ``later`` reads the features of at least the items that ``cell`` reads, of the same frozen encoder."""
    if later.has_trained_encoder or keys.of_weights(later) != keys.of_weights(cell):
        return False
    if split != "train":
        return keys.of_evaluation(later) == keys.of_evaluation(cell)
    if not (later.method.spec.learns and later.epochs and later.weights is None):
        return False
    ours, theirs = (replace(keys.of_train_data(one), side_text=None) for one in (cell, later))
    if ours != theirs or (cell.needs.side_text and not later.needs.side_text):
        return False
    return _longest_stage(later) >= _longest_stage(cell) or datasets.of(cell).sampler() is None


def _longest_stage(cell: Cell) -> int:
    """A data set that draws its triplets draws them for so many epochs."""
    return max(training.epochs for training in cell.stage_settings().values())
