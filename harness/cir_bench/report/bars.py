"""Horizontal bars with whiskers, one below the other, so that their names have room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cir_bench.report.svg import RIGHT, TOP, WIDTH, Series, at, axis_names, label, number, spanning, whole

ROW = 30.0
THICK = 15.0
BELOW = 44.0
LETTER = 8.3
"""Approximate width of a letter in a small figure."""
LONGEST = 24
VALUES = 58.0
"""Room on the right for a number."""


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: on its left.
        value: its length.
        low: where its whisker begins.
        high: where its whisker ends.
        tip: its tooltip.
    """

    name: str
    value: float
    low: float
    high: float
    tip: str


def horizontal_bars(bars: Sequence[Bar], series: Series, *, title: str, name: str, values: str) -> Markup:
    """A whole chart of bars from 0.

    Args:
        bars: from top to bottom.
        series: the method and colour of all of them.
        title: one sentence for screen readers.
        name: what the bars are named after; above the names.
        values: what the numbers are; below the axis.
    """
    names = [one.name if len(one.name) <= LONGEST else f"{one.name[: LONGEST - 1]}…" for one in bars]
    left = 16.0 + LETTER * max(map(len, [*names, name]))
    bottom = TOP + ROW * len(bars)
    x = spanning([0.0, *(bound for one in bars for bound in (one.value, one.high))], left, WIDTH - VALUES, zero=True)
    grid = [
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="tick x" x="{}" y="{}">{}</text>'
        ).format(at(x(value)), at(x(value)), at(TOP), at(bottom), at(x(value)), at(bottom + 18), number(value))
        for value in x.ticks()
    ]
    drawn = []
    for place, (one, text) in enumerate(zip(bars, names, strict=True)):
        middle = TOP + ROW * (place + 0.5)
        drawn += [
            label(left - 10, middle + 5, text, series.name, "end"),
            Markup(
                '<rect class="bar s{}" data-method="{}" x="{}" y="{}" width="{}" height="{}" rx="2">'
                "<title>{}</title></rect>"
            ).format(
                *(series.style, series.name, at(left), at(middle - THICK / 2)),
                *(at(x(one.value) - left), at(THICK), one.tip),
            ),
            Markup('<line class="whisker s18" data-method="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                series.name, at(x(one.low)), at(x(one.high)), at(middle), at(middle)
            ),
            label(max(x(one.high), x(one.value)) + 7, middle + 5, f"{one.value:.1f}", series.name),
        ]
    axis = Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
        at(left), at(left), at(TOP), at(bottom)
    )
    written = axis_names((left + WIDTH - RIGHT) / 2, bottom + BELOW - 6, values, name)
    return whole(bottom + BELOW, title, [*grid, *drawn, axis, written])
