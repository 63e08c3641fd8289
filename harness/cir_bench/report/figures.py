"""`Figure`: a chart with its caption, its legend and its numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cir_bench.report.svg import Series


@dataclass(frozen=True)
class Numbers:
    """What a chart shows, as a table: column headings, and rows with a name and a string for each column."""

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Figure:
    """A chart, or several to choose from by name; ``note`` says how to read it, ``numbers`` are the same as a table.

    ``legend`` names what is drawn. Of ``pair``, the lines are highlighted at first, so that two can be seen among many.
    """

    title: str
    note: str
    charts: Sequence[tuple[str, Markup]]
    numbers: Numbers
    legend: Sequence[Series] = ()
    pair: Sequence[str] = ()
    wide: bool = False


def percent(value: float | None) -> str:
    """``35.66``, or a dash for None."""
    return "–" if value is None else f"{value:.2f}"
