"""The breakdown by tag: a table of methods and tags, shaded by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from cir_bench.report.sections import ReportRow, ReportSection

MOST = 40


@dataclass(frozen=True)
class Tag:
    """A tag of queries: the part before its colon (``kind`` of ``kind:add``), the rest, and its number of queries.

    ``same`` are others with as many queries and the same values in every row; they share its column.
    """

    group: str
    name: str
    count: int
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class Breakdown:
    """One metric by tag."""

    metric: str
    groups: Sequence[tuple[str, int]]
    """With their number of tags."""
    tags: Sequence[Tag]
    rows: Sequence[tuple[ReportRow, Sequence[float | None]]]
    """The values of every row by tag; None: it has none."""
    highest: float
    """The largest value, the darkest shade."""
    left_out: int
    """Tags that are not shown."""


def breakdown(block: ReportSection) -> Breakdown | None:
    """The headline by tag, or the first metric that tags have if it is not one of them; None without tags."""
    every = {one: [cell.record.tags for cell in one.row.cells if cell.record.tags] for one in block.finished}
    tables = {one: found for one, found in every.items() if found}
    if not tables:
        return None
    sample = next(iter(tables.values()))[0]
    counts = {tag: int(values.get("n", 0)) for tag, values in sample.items()}
    metrics = [name for values in sample.values() for name in values if name != "n"]
    if not metrics:
        return None
    metric = block.section.headline if block.section.headline in metrics else metrics[0]
    common = sorted(sorted(counts, key=lambda tag: -counts[tag])[:MOST])
    columns: dict[tuple[int, tuple[float | None, ...]], list[str]] = {}
    for tag in common:
        column = tuple(_mean(found, tag, metric) for found in tables.values())
        columns.setdefault((counts[tag], column), []).append(tag)
    rows = [(one, [column[place] for _, column in columns]) for place, one in enumerate(tables)]
    tags = [Tag(*_split(first), counts[first], tuple(same)) for first, *same in columns.values()]
    groups = [(name, len(list(members))) for name, members in groupby(tags, key=lambda tag: tag.group)]
    highest = max((value for _, values in rows for value in values if value is not None), default=0.0)
    return Breakdown(metric, groups, tags, rows, max(highest, 1e-9), len(counts) - len(common))


def _mean(tables: Sequence[Mapping[str, Mapping[str, float]]], tag: str, metric: str) -> float | None:
    values = [table[tag][metric] for table in tables if metric in table.get(tag, {})]
    return fmean(values) if values else None


def _split(tag: str) -> tuple[str, str]:
    group, colon, name = tag.partition(":")
    return (group, name) if colon else ("", tag)
