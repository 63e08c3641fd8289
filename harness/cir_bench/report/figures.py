"""`Figure`: a chart with its caption, its legend and its numbers as a table. The charts of one section, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cir_bench.report.material import Line


@dataclass(frozen=True)
class Numbers:
    """What a chart shows, as a table.

    Attributes:
        heads: the columns, the first names the rows.
        rows: method, and a text for each column.
    """

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Figure:
    """One chart.

    Attributes:
        title: what it shows.
        note: how to read it; may be empty.
        charts: the pictures; several are variants of one, each with a name to choose it by.
        legend: the lines that are drawn.
        numbers: the same as a table.
        wide: whether it takes the whole width.
    """

    title: str
    note: str
    charts: Sequence[tuple[str, Markup]]
    legend: Sequence[Line]
    numbers: Numbers | None = None
    wide: bool = False


@dataclass(frozen=True)
class Gallery:
    """Several figures under one heading.

    Attributes:
        title: the heading.
        figures: at least one.
    """

    title: str
    figures: Sequence[Figure]


def percent(value: float | None) -> str:
    """``35.66``, or a dash where there is none."""
    return "–" if value is None else f"{value:.2f}"
