"""What a trial of a tuning is made of: where its values are looked for, and the cell that has them."""

from __future__ import annotations

from collections.abc import Mapping

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from cir_bench.config import merge
from cir_bench.interfaces.spec_params import make_params
from cir_bench.params.models import MethodParams
from cir_bench.params.tunable import Tunable, nested
from cir_bench.plugin.registry import Registry
from cir_bench.records.tuning import Range
from cir_bench.runs.cell import Cell, CellParams, make_cell

SAME_DIGITS = 6
"""Values are rounded to so many significant digits, so that a recipe can be written down."""

Value = float | int


def distribution(tunable: Tunable, start: Value) -> BaseDistribution:
    """Where Optuna looks: over whole numbers if the method's own value is one."""
    if isinstance(start, int):
        return IntDistribution(int(tunable.low), int(tunable.high), log=tunable.log)
    return FloatDistribution(tunable.low, tunable.high, log=tunable.log)


def ranges(space: Mapping[str, Tunable]) -> dict[str, Range]:
    """The space as the record has it."""
    return {name: Range(**vars(one)) for name, one in space.items()}


def rounded(value: Value) -> Value:
    """A value as a recipe would have it."""
    return value if isinstance(value, int) else float(f"{value:.{SAME_DIGITS - 1}e}")


def with_values(cell: Cell, values: Mapping[str, Value], registry: Registry) -> Cell:
    """The cell with other values of its method's parameters."""
    whole = merge(cell.method_params.model_dump(), nested(values))
    params = make_params(cell.method.spec, whole)
    assert isinstance(params, MethodParams)
    parts = CellParams(params, cell.encoder_params, cell.dataset_params)
    return make_cell(registry, cell.key, cell.benchmark, parts, cell.precision)
