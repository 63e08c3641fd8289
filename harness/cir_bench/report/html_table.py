"""A section's table for HTML: the entries that can be sorted, and the headline's interval as a drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from markupsafe import Markup

from cir_bench.leaderboards import Row, Value
from cir_bench.leaderboards.columns import table_of
from cir_bench.leaderboards.table import (
    BeatsEntry,
    Column,
    Entry,
    MetricEntry,
    NameEntry,
    ReportedEntry,
    TextEntry,
    place_of,
)
from cir_bench.report.sections import ReportRow, ReportSection
from cir_bench.report.svg import Series, element

ELSEWHERE = "*"
"""Follows a reported number that was measured on another encoder or other data, and so does not compare."""
SPAN = 96.0
"""Width of the interval drawn in a row."""
SHOWN = ("headline", "metric", "beats", "reported", "count", "cost")
"""Kinds of columns written here; the template writes places, names, intervals and remarks itself."""


@dataclass(frozen=True)
class HtmlEntry:
    """``text`` followed by a smaller ``small``, sorted by ``value`` (None: always last).

    Costs are sorted within their ``machines``.
    """

    text: str
    value: float | None = None
    small: str = ""
    tip: str = ""
    machines: str = ""


@dataclass(frozen=True)
class HtmlRow:
    """A row: its place, the headline's interval as a drawing, and an entry for each column."""

    of: ReportRow
    place: str
    interval: Markup
    entries: Sequence[HtmlEntry]


@dataclass(frozen=True)
class HtmlTable:
    """A section's table, without the rows that did not run.

    ``compared``: places are tie groups, from the queries; otherwise they are the plain order of the means.
    """

    columns: Sequence[Column]
    rows: Sequence[HtmlRow]
    compared: bool


def html_table(block: ReportSection) -> HtmlTable:
    """The table of a section."""
    section, table = block.section, table_of(block.section)
    headlines = [one.row.metrics.get(section.headline) for one in block.rows]
    low, high = _scale([value for value in headlines if value is not None])
    shown = [column.kind in SHOWN for column in table.columns]
    rows = []
    for one, row, value in zip(block.rows, table.rows, headlines, strict=True):
        if one.row.kind != "failed":
            entries = [_entry(one.row, entry) for entry in compress(row.entries, shown)]
            rows.append(HtmlRow(one, place_of(section, one.row), _interval(value, one.series, low, high), entries))
    return HtmlTable(list(compress(table.columns, shown)), rows, table.compared)


def _entry(row: Row, entry: Entry | None) -> HtmlEntry:
    if isinstance(entry, MetricEntry):
        value = entry.value
        small = "" if value.sd is None else f"± {value.sd:.2f}"
        mean = value.mean if math.isfinite(value.mean) else None
        return HtmlEntry(f"{value.mean:.2f}", mean, small, _in_words(value))
    if isinstance(entry, BeatsEntry):
        return HtmlEntry(", ".join(" to ".join(map(_name, run)) for run in entry.runs), len(row.beats))
    if isinstance(entry, ReportedEntry):
        return _reported(entry)
    assert isinstance(entry, TextEntry)  # the only other type in these columns
    return HtmlEntry(entry.text, entry.value, tip=entry.tip, machines=entry.machines)


def _name(entry: NameEntry) -> str:
    return f"{entry.name} ({entry.variant})" if entry.variant else entry.name


def _reported(entry: ReportedEntry) -> HtmlEntry:
    if not entry.numbers:
        return HtmlEntry("")
    values = [number.value for number, _ in entry.numbers]
    differences = [number.difference for number, _ in entry.numbers if number.difference is not None]
    small = f"{differences[0]:+.2f} here" if len(differences) == 1 else ""
    low, high = min(values), max(values)
    text = f"{high:.2f}" if low == high else f"{low:.2f}–{high:.2f}"
    tip = "\n".join(f"{number.value:.2f}: {source}" for number, source in entry.numbers)
    return HtmlEntry(text if differences else text + ELSEWHERE, high, small, tip)


def _in_words(value: Value) -> str:
    sd = "" if value.sd is None else f", standard deviation over seeds {value.sd:.3f}"
    within = value.interval
    interval = "" if within is None else f", 95 % interval {within.low:.2f} to {within.high:.2f}"
    return f"mean {value.mean:.3f}{sd}{interval}"


def _scale(values: Sequence[Value]) -> tuple[float, float]:
    """From 0 to the best, intervals included."""
    bounds = [bound for value in values for bound in (*value.bounds, value.mean) if math.isfinite(bound)]
    low, high = min([0.0, *bounds]), max([0.0, *bounds])
    return low, high if high > low else low + 1.0


def _interval(value: Value | None, series: Series, low: float, high: float) -> Markup:
    """The mean as a dot on a line from 0 to the best, and its interval as a thick line."""
    if value is None or not math.isfinite(value.mean):
        return Markup("")
    start, end, mean = (4 + (bound - low) / (high - low) * (SPAN - 8) for bound in (*value.bounds, value.mean))
    parts = [
        element("line", class_="grid", x1=4, x2=SPAN - 4, y1=7, y2=7),
        element("line", class_=f"whisker s{series.style}", x1=start, x2=end, y1=7, y2=7),
        element("circle", class_=f"mark s{series.style}", cx=mean, cy=7, r="3.2"),
    ]
    return element("svg", *parts, class_="interval", viewBox=f"0 0 {SPAN:.0f} 14", aria_hidden="true")
