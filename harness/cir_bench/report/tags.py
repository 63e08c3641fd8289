"""The breakdown by tag: a table of methods and tags, shaded by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from cir_bench.report.material import Block, Line

MOST = 40


@dataclass(frozen=True)
class Tag:
    """A tag of queries.

    Attributes:
        group: what stands before its colon (``kind:add``); empty without one.
        name: the rest.
        count: how many queries have it.
    """

    group: str
    name: str
    count: int


@dataclass(frozen=True)
class Breakdown:
    """One metric by tag.

    Attributes:
        metric: its name.
        groups: groups of tags, each with its number of tags, in order.
        tags: the columns.
        rows: for every line its values, None where a tag has none.
        highest: the largest value, the darkest shade.
        left_out: how many tags are not shown.
    """

    metric: str
    groups: Sequence[tuple[str, int]]
    tags: Sequence[Tag]
    rows: Sequence[tuple[Line, Sequence[float | None]]]
    highest: float
    left_out: int


def breakdown(block: Block) -> Breakdown | None:
    """The headline's metric by tag, else the first that tags have; None without tags."""
    tables = {one: [cell.record.tags for cell in one.cells if cell.record.tags] for one in block.finished}
    tables = {one: found for one, found in tables.items() if found}
    if not tables:
        return None
    sample = next(iter(tables.values()))[0]
    counts = {tag: int(values.get("n", 0)) for tag, values in sample.items()}
    metrics = [name for values in sample.values() for name in values if name != "n"]
    if not metrics:
        return None
    metric = block.section.headline if block.section.headline in metrics else metrics[0]
    common = sorted(sorted(counts, key=lambda tag: -counts[tag])[:MOST])
    rows = [(one, [_mean(found, tag, metric) for tag in common]) for one, found in tables.items()]
    tags = [Tag(*_split(tag), counts[tag]) for tag in common]
    groups: list[tuple[str, int]] = []
    for tag in tags:
        if groups and groups[-1][0] == tag.group:
            groups[-1] = (tag.group, groups[-1][1] + 1)
        else:
            groups.append((tag.group, 1))
    highest = max((value for _, values in rows for value in values if value is not None), default=0.0)
    return Breakdown(metric, groups, tags, rows, max(highest, 1e-9), len(counts) - len(common))


def _mean(tables: Sequence[Mapping[str, Mapping[str, float]]], tag: str, metric: str) -> float | None:
    values = [table[tag][metric] for table in tables if metric in table.get(tag, {})]
    return fmean(values) if values else None


def _split(tag: str) -> tuple[str, str]:
    group, colon, name = tag.partition(":")
    return (group, name) if colon else ("", tag)
