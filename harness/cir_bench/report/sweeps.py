"""Sweeps and ablations: rows of one method that differ in a single parameter, found by their variants."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Any

from markupsafe import Markup

from cir_bench.config import dotted
from cir_bench.leaderboard import Value
from cir_bench.report.bars import Bar, lying_bars
from cir_bench.report.figures import Figure, Gallery, Numbers
from cir_bench.report.material import Block, Line
from cir_bench.report.svg import (
    Scale,
    across,
    chart,
    line,
    mark,
    number,
    upright,
    upright_rule,
    whisker,
)

UNKNOWN = "default"
"""The default's name where the record does not hold its value."""


@dataclass(frozen=True)
class Sweep:
    """Rows that differ in one parameter.

    Attributes:
        method: of all of them.
        parameter: its dotted name.
        fixed: what else was changed of the method, the same in all; empty: nothing.
        points: the parameter's value, as text, and the line; the default first, or in the order of the numbers.
        numeric: whether every value is a number.
        default: the value that it has where nobody changed it; empty where no row says.
    """

    method: str
    parameter: str
    fixed: str
    points: Sequence[tuple[str, Line]]
    numeric: bool
    default: str


def sweep_gallery(block: Block) -> Gallery | None:
    """A chart for every sweep of the section; None without any."""
    figures = [_figure(sweep, block.section.headline) for sweep in sweeps(block)]
    return Gallery("Sweeps and ablations", figures) if figures else None


def sweeps(block: Block) -> list[Sweep]:
    """Every set of two or more finished rows of one method and encoder that differ in one parameter alone.

    A row belongs to a parameter's sweep through its variant, or as the default when it has everything else the same.
    """
    found: dict[tuple[str, str, str, str], dict[str, Line]] = {}
    plain: dict[tuple[str, str, str], Line] = {}
    for one in block.finished:
        changed = variant(one.row.variant)
        plain[one.row.method, one.row.encoder, _text(changed)] = one
        for name, value in changed.items():
            rest = _text({other: text for other, text in changed.items() if other != name})
            found.setdefault((one.row.method, one.row.encoder, rest, name), {})[value] = one
    made = []
    for (method, encoder, rest, name), points in sorted(found.items()):
        default = plain.get((method, encoder, rest))
        if default is not None:
            value = _default(default, name)
            own = {**({value: default} if value not in points else {}), **points}
        else:
            own = points
        if len(own) > 1:
            unchanged = [default] if default else _unchanged(block.finished, method, encoder, name)
            known = [value for one in unchanged if (value := _default(one, name)) != UNKNOWN]
            made.append(_sweep(method, name, rest, own, known[0] if known else ""))
    return made


def variant(text: str) -> dict[str, str]:
    """``training.lr=0.001 neighbours=5`` as a mapping; a word without ``=`` is no change that can be placed."""
    pairs = [word.partition("=") for word in text.split()]
    return {name: value for name, equals, value in pairs if equals}


def _unchanged(lines: Sequence[Line], method: str, encoder: str, name: str) -> list[Line]:
    """Rows that leave the parameter as it is, whatever else was changed of them."""
    rows = [one for one in lines if (one.row.method, one.row.encoder) == (method, encoder)]
    return [one for one in rows if name not in variant(one.row.variant)]


def _sweep(method: str, name: str, rest: str, points: Mapping[str, Line], default: str) -> Sweep:
    numbers = {value: _number(value) for value in points}
    numeric = all(known is not None for known in numbers.values())
    ordered = sorted(points.items(), key=lambda point: numbers[point[0]] or 0.0) if numeric else list(points.items())
    return Sweep(method, name, rest, ordered, numeric, default)


def _text(changed: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(changed.items()))


def _default(one: Line, name: str) -> str:
    """The value that the parameter has where it was not changed, from the cell's resolved parameters."""
    config: Mapping[str, Any] = one.cells[0].record.config if one.cells else {}
    group, _, rest = name.partition(".")
    place = (group, rest) if group in {"encoder", "dataset"} and rest else ("method", name)
    known = config.get(place[0])
    flat = dotted(known) if isinstance(known, Mapping) else {}
    value = flat.get(place[1], UNKNOWN)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", text):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _figure(sweep: Sweep, headline: str) -> Figure:
    measured = [(text, one, one.row.metrics[headline]) for text, one in sweep.points if headline in one.row.metrics]
    picture = (_curve if sweep.numeric else _bars)(sweep, measured, headline)
    fixed = f" With {sweep.fixed}." if sweep.fixed else ""
    seeds = sorted({one.row.seeds for _, one in sweep.points})
    each = "the same seeds for each" if len(seeds) == 1 else "not the same seeds for each"
    default = f" Default: {sweep.default}." if sweep.default else ""
    note = f"{headline}, mean and 95 % interval (one standard deviation where none is known); {each}.{fixed}{default}"
    rows = [(f"{sweep.parameter} = {text}", [_words(value), str(len(one.row.seeds))]) for text, one, value in measured]
    return Figure(f"{sweep.method}: {sweep.parameter}", note, [("", picture)], [], Numbers([headline, "seeds"], rows))


def _curve(sweep: Sweep, measured: Sequence[tuple[str, Line, Value]], headline: str) -> Markup:
    numbers = [_number(text) or 0.0 for text, _, _ in measured]
    x, y = across(numbers, log=by_powers(numbers)), upright(_bounds(measured))
    series = sweep.points[0][1].series % 8
    places = [(x(at_value), y(value.mean)) for at_value, (_, _, value) in zip(numbers, measured, strict=True)]
    marks = [
        upright_rule(place, "default")
        for (text, _, _), (place, _) in zip(measured, places, strict=True)
        if _same(text, sweep.default)
    ]
    marks += [line(places, series, sweep.method), *_marks(measured, places, y, series, sweep, headline)]
    ticks = [(at_value, number(at_value)) for at_value in numbers]
    return chart(
        marks, x, y, title=_title(sweep, headline), x_name=sweep.parameter, y_name=headline, x_ticks=_apart(ticks, x)
    )


def by_powers(numbers: Sequence[float]) -> bool:
    """Whether rising numbers lie more evenly by powers of ten (learning rates) than as they are (K of neighbours)."""
    if min(numbers) <= 0:
        return False
    if len(numbers) < 3:
        return max(numbers) >= 10 * min(numbers)
    return _unevenness([math.log(value) for value in numbers]) < _unevenness(numbers)


def _unevenness(numbers: Sequence[float]) -> float:
    steps = [after - before for before, after in pairwise(numbers)]
    return pstdev(steps) / fmean(steps)


def _bars(sweep: Sweep, measured: Sequence[tuple[str, Line, Value]], headline: str) -> Markup:
    bars = []
    for text, _, value in measured:
        default = " (default)" if _same(text, sweep.default) and text != UNKNOWN else ""
        bars.append(Bar(text + default, value.mean, *_interval(value), f"{text}: {headline} {_words(value)}"))
    series = sweep.points[0][1].series % 8
    return lying_bars(bars, series, sweep.method, title=_title(sweep, headline), name=sweep.parameter, values=headline)


def _same(text: str, default: str) -> bool:
    """Whether two written values are one: ``1e-3`` is ``0.001``."""
    numbers = _number(text), _number(default)
    return text == default or (None not in numbers and numbers[0] == numbers[1])


def _marks(
    measured: Sequence[tuple[str, Line, Value]],
    places: Sequence[tuple[float, float]],
    y: Scale,
    series: int,
    sweep: Sweep,
    headline: str,
) -> Iterator[Markup]:
    for (text, _, value), (across_place, upright_place) in zip(measured, places, strict=True):
        yield _whisker(across_place, value, y, series, sweep)
        tip = f"{sweep.parameter} = {text}: {headline} {_words(value)}"
        yield mark(across_place, upright_place, series, sweep.method, tip)


def _whisker(place: float, value: Value, y: Scale, series: int, sweep: Sweep) -> Markup:
    low, high = _interval(value)
    return whisker(place, y(low), y(high), series, sweep.method)


def _apart(ticks: Sequence[tuple[float, str]], x: Scale) -> list[tuple[float, str]]:
    """The ticks that do not run into the one before."""
    kept: list[tuple[float, str]] = []
    for value, text in ticks:
        if not kept or x(value) - x(kept[-1][0]) > 7.0 * max(len(text), len(kept[-1][1])):
            kept.append((value, text))
    return kept


def _title(sweep: Sweep, headline: str) -> str:
    return f"{headline} of {sweep.method} for {len(sweep.points)} values of {sweep.parameter}"


def _bounds(measured: Sequence[tuple[str, Line, Value]]) -> list[float]:
    return [bound for _, _, value in measured for bound in (*_interval(value), value.mean)]


def _interval(value: Value) -> tuple[float, float]:
    if value.interval is not None:
        return value.interval.low, value.interval.high
    return value.mean - (value.sd or 0.0), value.mean + (value.sd or 0.0)


def _words(value: Value) -> str:
    low, high = _interval(value)
    return f"{value.mean:.2f}" if low == high else f"{value.mean:.2f} ({low:.2f} to {high:.2f})"
