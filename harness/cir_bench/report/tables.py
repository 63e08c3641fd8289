"""The leaderboard's tables as cells: a text, what it is sorted by, and what is told when it is pointed at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cir_bench.leaderboard import Row, Value
from cir_bench.leaderboard.markdown import size
from cir_bench.report.material import Block, Line
from cir_bench.report.svg import at

MOST_RUNS = 3
ELSEWHERE = "*"
"""Behind a reported number that was measured on another encoder or other data, and so does not compare."""
SPAN = 96.0
"""Width of the interval drawn in a row."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        part: what a metric is of (``dress``, ``mean``), above its name; empty without parts.
        name: its name.
        help: what it is, when it is pointed at.
        kind: ``metric``, ``headline``, ``cost`` or ``reported``.
        better: ``high`` or ``low``: the first order when it is sorted by.
    """

    part: str
    name: str
    help: str
    kind: str
    better: str = "high"


@dataclass(frozen=True)
class Cell:
    """A cell: ``text`` with a smaller ``small`` behind, sorted by ``value`` (None: always last).

    ``beats`` says which rows a headline beats, and ``beaten`` in full. ``on`` is where a cost was measured: costs are
    sorted within one place.
    """

    text: str
    value: float | None = None
    small: str = ""
    tip: str = ""
    beats: str = ""
    beaten: str = ""
    on: str = ""


@dataclass(frozen=True)
class TableRow:
    """One line with its cells.

    Attributes:
        line: whose it is.
        place: its place, shared by methods that do not differ; empty for sentinels and what did not run.
        interval: the headline's interval, drawn; empty for what did not run.
        cells: one for each column.
    """

    line: Line
    place: str
    interval: Markup
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """A section's table; rows that did not run stand apart."""

    columns: Sequence[Column]
    rows: Sequence[TableRow]
    failed: Sequence[Line]
    compared: bool
    """Whether places are tie groups, from per-query results; else they are the plain order of the means."""


def table_of(block: Block) -> Table:
    """The table of a section."""
    section, lines = block.section, block.finished
    shown = [key for key in section.columns if any(one.metric == key for line in lines for one in line.row.reported)]
    columns = list(_columns(block, shown))
    scale = _scale([line.row.metrics[section.headline] for line in lines if section.headline in line.row.metrics])
    compared = any(line.row.group is not None for line in lines)
    order = [line.row.label for line in lines if line.row.kind != "sentinel"]
    rows = [
        TableRow(
            line,
            _place(line.row, compared),
            _interval(line.row.metrics.get(section.headline), line, *scale),
            list(_cells(line.row, block, shown, order)),
        )
        for line in lines
    ]
    return Table(columns, rows, [line for line in block.lines if line.row.kind == "failed"], compared)


def _columns(block: Block, shown: Sequence[str]) -> Iterator[Column]:
    section = block.section
    for key in section.columns:
        part, _, name = key.rpartition("/")
        head = key == section.headline
        low = name == "median_rank"
        unit = "rank" if low else "percent"
        help_text = f"{key}, {unit}, mean over seeds" + (": the table is sorted by it" if head else "")
        yield Column(part, name, help_text, "headline" if head else "metric", "low" if low else "high")
        if key in shown:
            yield Column(part, f"{name} reported", f"{key} as a paper reports it; never ranked", "reported")
    places = "; ".join(section.places) or "unknown machine"
    yield Column("", "parameters", "learned numbers of the method, without the encoder", "cost", "low")
    if any(line.row.trained_parameters != line.row.parameters for line in block.finished):
        yield Column("", "trained", "numbers changed by training, the encoder's included", "cost", "low")
    yield Column("", "train, s", f"training, seconds, mean over seeds; on {places}", "cost", "low")
    yield Column("", "ms/query", f"composing and searching, features given; on {places}", "cost", "low")
    yield Column("", "memory, MiB", f"peak memory; on {places}", "cost", "low")
    if len(section.places) > 1:
        help_text = "where it was measured, see above: times and memory compare only within one number"
        yield Column("", "on", help_text, "cost", "low")
    yield Column("", "seeds", "how many seeds", "cost")


def _cells(row: Row, block: Block, shown: Sequence[str], order: Sequence[str]) -> Iterator[Cell]:
    for key in block.section.columns:
        yield _metric(row, key, block.section.headline, order)
        if key in shown:
            yield _reported(row, key)
    yield Cell(size(row.parameters), row.parameters)
    if any(line.row.trained_parameters != line.row.parameters for line in block.finished):
        yield Cell(size(row.trained_parameters), row.trained_parameters)
    where, places = "; ".join(row.places), block.section.places
    on = " ".join(str(places.index(place) + 1) for place in row.places) if len(places) > 1 else ""
    yield Cell(f"{row.train_seconds:,.1f}", row.train_seconds, tip=where, on=on)
    yield Cell(f"{row.query_milliseconds:.3f}", row.query_milliseconds, tip=where, on=on)
    memory = row.peak_memory_mib
    yield Cell(f"{memory:,.0f}" if memory else "–", memory or None, tip=where, on=on)
    if len(places) > 1:
        yield Cell(on or "–", float(on.split()[0]) if on else None, tip=where)
    yield Cell(str(len(row.seeds)), len(row.seeds), tip="seeds " + ", ".join(map(str, row.seeds)))


def _metric(row: Row, key: str, headline: str, order: Sequence[str]) -> Cell:
    value = row.metrics.get(key)
    if value is None:
        return Cell("–")
    number = value.mean if math.isfinite(value.mean) else None
    beaten = row.beats if key == headline else ()
    small = "" if value.sd is None else f"± {value.sd:.2f}"
    text = f"{value.mean:.2f}"
    return Cell(text, number, small, _in_words(value), runs(beaten, order), ", ".join(beaten))


def _reported(row: Row, key: str) -> Cell:
    found = [one for one in row.reported if one.metric == key]
    if not found:
        return Cell("")
    tips = [
        f"{one.value:.2f}: {one.paper}, Table {one.table}: {one.named}, on {one.encoder}"
        + (f"; {one.note}" if one.note else "")
        for one in found
    ]
    differences = [one.difference for one in found if one.difference is not None]
    small = f"{differences[0]:+.2f} here" if len(differences) == 1 else ""
    low, high = min(one.value for one in found), max(one.value for one in found)
    text = f"{high:.2f}" if low == high else f"{low:.2f}–{high:.2f}"
    return Cell(text if differences else text + ELSEWHERE, high, small, "\n".join(tips))


def _in_words(value: Value) -> str:
    words = f"mean {value.mean:.3f}"
    if value.sd is not None:
        words += f", standard deviation over seeds {value.sd:.3f}"
    if value.interval is not None:
        words += f", 95 % interval {value.interval.low:.2f} to {value.interval.high:.2f}"
    return words


def runs(labels: Sequence[str], order: Sequence[str]) -> str:
    """Labels as a superscript: ``b e–k``, rows that follow each other in the table's ``order`` as a range.

    Of more than `MOST_RUNS` ranges only how many rows they are is said: ``17 rows``.
    """
    wanted = set(labels)
    found: list[list[str]] = []
    last = None
    for place, label in enumerate(order):
        if label in wanted:
            if last == place - 1:
                found[-1].append(label)
            else:
                found.append([label])
            last = place
    if len(found) > MOST_RUNS:
        return f"{len(wanted)} rows"
    return " ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else " ".join(run) for run in found)


def _place(row: Row, compared: bool) -> str:
    place = row.group if compared else row.rank
    return "" if place is None else str(place)


def _scale(values: Sequence[Value]) -> tuple[float, float]:
    bounds = [bound for value in values for bound in _bounds(value) if math.isfinite(bound)]
    low, high = min([0.0, *bounds]), max([0.0, *bounds])
    return low, high if high > low else low + 1.0


def _bounds(value: Value) -> tuple[float, float, float]:
    if value.interval is not None:
        return value.interval.low, value.mean, value.interval.high
    sd = value.sd or 0.0
    return value.mean - sd, value.mean, value.mean + sd


def _interval(value: Value | None, line: Line, low: float, high: float) -> Markup:
    """The mean as a dot on a rule from 0 to the best, and its interval as a thick line."""
    if value is None or not math.isfinite(value.mean):
        return Markup("")
    start, mean, end = (4 + (bound - low) / (high - low) * (SPAN - 8) for bound in _bounds(value))
    return Markup(
        '<svg class="interval" viewBox="0 0 {} 14" aria-hidden="true"><line class="grid" x1="4" x2="{}" y1="7" y2="7"/>'
        '<line class="whisker s{}" x1="{}" x2="{}" y1="7" y2="7"/>'
        '<circle class="mark s{}" cx="{}" cy="7" r="3.2"/></svg>'
    ).format(at(SPAN), at(SPAN - 4), line.series, at(start), at(end), line.series, at(mean))
