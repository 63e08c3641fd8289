"""Sweeps and ablations: rows of one method that differ in a single parameter, found by their variants."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, pstdev

from markupsafe import Markup

from cir_bench.config import dotted
from cir_bench.leaderboards import Value
from cir_bench.leaderboards.table import size
from cir_bench.report.bars import Bar, horizontal_bars
from cir_bench.report.figures import Figure, Numbers
from cir_bench.report.sections import ReportRow, ReportSection
from cir_bench.report.svg import COLOURS, Axis, Series, chart, line, mark, rule, whisker, x_axis, y_axis

UNKNOWN = "default"
"""The default's name if the record does not have its value."""
Points = Sequence[tuple[str, Value]]
"""The parameter's value as text, and the headline."""


@dataclass(frozen=True)
class Sweep:
    """Rows of one method that differ in one parameter."""

    method: str
    parameter: str
    fixed: str
    """What else was changed of the method, the same in all rows."""
    points: Sequence[tuple[str, ReportRow]]
    """The parameter's value as text, and the row; numbers in their order, otherwise the default first."""
    numeric: bool
    default: str
    """The value that the parameter has if nobody changes it; empty if no row says."""


def sweep_figures(block: ReportSection) -> list[Figure]:
    """A chart for every sweep of the section."""
    return [_figure(sweep, block.section.headline) for sweep in sweeps(block)]


def sweeps(block: ReportSection) -> list[Sweep]:
    """Every set of two or more finished rows of one method and encoder that differ in one parameter alone.

    A row belongs to a parameter's sweep through its variant, or as the default if everything else is the same.
    """
    changed: dict[tuple[str, str, str, str], dict[str, ReportRow]] = {}
    by_variant: dict[tuple[str, str, str], ReportRow] = {}
    for one in block.finished:
        values = variant(one.row.variant)
        by_variant[one.row.method, one.row.encoder, _text(values)] = one
        for name, value in values.items():
            rest = _text({other: text for other, text in values.items() if other != name})
            changed.setdefault((one.row.method, one.row.encoder, rest, name), {})[value] = one
    found = []
    for (method, encoder, rest, name), others in sorted(changed.items()):
        default = by_variant.get((method, encoder, rest))
        points = others if default is None else {_default(default, name): default, **others}
        if len(points) > 1:
            # without a default of this sweep: rows that leave the parameter as it is, whatever else was changed
            same = [one for one in block.finished if (one.row.method, one.row.encoder) == (method, encoder)]
            unchanged = [default] if default else [one for one in same if name not in variant(one.row.variant)]
            defaults = [value for one in unchanged if (value := _default(one, name)) != UNKNOWN]
            numbers = {text: _number(text) for text in points}
            numeric = None not in numbers.values()
            ordered = sorted(points.items(), key=lambda point: numbers[point[0]] or 0.0) if numeric else points.items()
            found.append(Sweep(method, name, rest, list(ordered), numeric, defaults[0] if defaults else ""))
    return found


def variant(text: str) -> dict[str, str]:
    """``training.lr=0.001 neighbours=5`` as a mapping; a word without ``=`` is not a change of a parameter."""
    pairs = [word.partition("=") for word in text.split()]
    return {name: value for name, equals, value in pairs if equals}


def by_powers(numbers: Sequence[float]) -> bool:
    """Whether rising numbers are spaced more evenly on a logarithmic axis (learning rates) than on a linear one."""
    if min(numbers) <= 0:
        return False
    if len(numbers) < 3:
        return max(numbers) >= 10 * min(numbers)
    return _unevenness([math.log(value) for value in numbers]) < _unevenness(numbers)


def _unevenness(numbers: Sequence[float]) -> float:
    steps = [after - before for before, after in pairwise(numbers)]
    return pstdev(steps) / fmean(steps)


def _text(changed: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(changed.items()))


def _default(one: ReportRow, name: str) -> str:
    """The value that the parameter has in a row that does not change it, from the cell's resolved parameters."""
    config = one.row.cells[0].record.config if one.row.cells else {}
    group, _, rest = name.partition(".")
    group, key = (group, rest) if group in {"encoder", "dataset"} and rest else ("method", name)
    parameters = config.get(group)
    value = dotted(parameters).get(key, UNKNOWN) if isinstance(parameters, Mapping) else UNKNOWN
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(text: str) -> float | None:
    value = float(text) if re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text) else math.inf
    return value if math.isfinite(value) else None


def _figure(sweep: Sweep, headline: str) -> Figure:
    rows = [one.row for _, one in sweep.points if headline in one.row.metrics]
    measured = [(text, one.row.metrics[headline]) for text, one in sweep.points if headline in one.row.metrics]
    picture = (_curve if sweep.numeric else _bars)(sweep, measured, headline)
    fixed = f" With {sweep.fixed}." if sweep.fixed else ""
    each = f"{'' if len({one.row.seeds for _, one in sweep.points}) == 1 else 'not '}the same seeds for each"
    default = f" Default: {sweep.default}." if sweep.default else ""
    note = f"{headline}, mean and 95 % interval (one standard deviation if there is none); {each}.{fixed}{default}"
    names = [f"{sweep.parameter} = {text}" for text, _ in measured]
    numbers = [[_words(value), str(len(row.seeds))] for (_, value), row in zip(measured, rows, strict=True)]
    table = Numbers([headline, "seeds"], list(zip(names, numbers, strict=True)))
    return Figure(f"{sweep.method}: {sweep.parameter}", note, [("", picture)], numbers=table)


def _curve(sweep: Sweep, measured: Points, headline: str) -> Markup:
    points = [(_number(text) or 0.0, text, value) for text, value in measured]
    numbers = [at for at, _, _ in points]
    x = x_axis(numbers, log=by_powers(numbers))
    y = y_axis([bound for _, value in measured for bound in (*value.bounds, value.mean)])
    series = _series(sweep)
    marks = [rule(x(at), "default") for at, text, _ in points if _is_default(text, sweep)]
    marks.append(line([(x(at), y(value.mean)) for at, _, value in points], series))
    for at, text, value in points:
        low, high = value.bounds
        tip = f"{sweep.parameter} = {text}: {headline} {_words(value)}"
        marks += [whisker(x(at), y(low), y(high), series), mark(x(at), y(value.mean), series, tip)]
    ticks = _apart([(at, size(at)) for at in numbers], x)
    title = _title(sweep, headline)
    return chart(marks, x, y, title=title, x_name=sweep.parameter, y_name=headline, x_ticks=ticks)


def _bars(sweep: Sweep, measured: Points, headline: str) -> Markup:
    bars = []
    for text, value in measured:
        default = " (default)" if _is_default(text, sweep) and text != UNKNOWN else ""
        bars.append(Bar(text + default, value.mean, *value.bounds, f"{text}: {headline} {_words(value)}"))
    title = _title(sweep, headline)
    return horizontal_bars(bars, _series(sweep), title=title, name=sweep.parameter, values=headline)


def _series(sweep: Sweep) -> Series:
    return Series(sweep.method, sweep.points[0][1].series.style % COLOURS)


def _is_default(text: str, sweep: Sweep) -> bool:
    """Whether a value is the default, possibly written in another way: ``1e-3`` is ``0.001``."""
    own, default = _number(text), _number(sweep.default)
    return text == sweep.default or (own is not None and own == default)


def _apart(ticks: Sequence[tuple[float, str]], x: Axis) -> list[tuple[float, str]]:
    """The ticks whose labels do not touch the one before."""
    kept: list[tuple[float, str]] = []
    for value, text in ticks:
        if not kept or x(value) - x(kept[-1][0]) > 7.0 * max(len(text), len(kept[-1][1])):
            kept.append((value, text))
    return kept


def _title(sweep: Sweep, headline: str) -> str:
    return f"{headline} of {sweep.method} for {len(sweep.points)} values of {sweep.parameter}"


def _words(value: Value) -> str:
    low, high = value.bounds
    return f"{value.mean:.2f}" if low == high else f"{value.mean:.2f} ({low:.2f} to {high:.2f})"
