"""`longest_first`: the order in which cells are computed several at a time, so that none is left over at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.runs.cell import Cell
from cir_bench.runs.costs import AnyCost, CellCost
from cir_bench.runs.forecast import Forecasts, Wanted
from cir_bench.runs.machine import Machine


def longest_first(cells: Sequence[Cell], costs: Iterable[AnyCost]) -> list[Cell]:
    """``cells`` by the time that they will take, as far as it is known.

    Those that train and never did come first, and among them those that read the most of every item. Then come those
    of which ``costs`` tell the time, longest first, and last those that train nothing. The times may be another
    machine's: here only their order counts.
    """
    known = [*costs]
    last = next((cost for cost in reversed(known) if isinstance(cost, CellCost)), None)
    forecasts = Forecasts(known, Machine(last.device, threads=last.threads) if last else Machine(""))
    return sorted(cells, key=lambda cell: _order(cell, forecasts), reverse=True)


def _order(cell: Cell, forecasts: Forecasts) -> tuple[int, float, float, float]:
    if cell.refusal:
        return -1, 0.0, 0.0, 0.0
    seconds = forecasts.of(Wanted.of_cell(cell)).seconds
    if seconds is not None:
        return 1, seconds, 0.0, 0.0
    if not cell.trains or cell.weights is not None:
        return 0, 0.0, 0.0, 0.0
    needs = cell.needs
    tokens = sum(FeatureLevel.TOKENS in levels for levels in (needs.image, needs.text, needs.joint))
    maps = needs.map_levels if FeatureLevel.MAPS in needs.image else 0
    return 2, float(cell.has_trained_encoder), float(maps + tokens), float(cell.epochs)
