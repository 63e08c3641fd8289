"""Horizontal bars with whiskers, one below the other, so that their names have room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cir_bench.leaderboards.table import size
from cir_bench.report.svg import RIGHT, TOP, WIDTH, Series, axis_names, element, label, spanning, whole

ROW = 30.0
THICK = 15.0
BELOW = 44.0
LETTER = 8.3
"""Approximate width of a letter in a small figure."""
LONGEST = 24
GREY = 18
"""The style of whiskers."""
VALUES = 58.0
"""Room on the right for a number."""


@dataclass(frozen=True)
class Bar:
    """A bar: the name on its left, its value, the ends of its whisker, and its tooltip."""

    name: str
    value: float
    low: float
    high: float
    tip: str


def horizontal_bars(bars: Sequence[Bar], series: Series, *, title: str, name: str, values: str) -> Markup:
    """A whole chart of bars from 0, in the colour of ``series``, from top to bottom.

    ``title`` is a sentence for screen readers, ``name`` is above the bars' names, ``values`` below the axis.
    """
    names = [one.name if len(one.name) <= LONGEST else f"{one.name[: LONGEST - 1]}…" for one in bars]
    left = 16.0 + LETTER * max(map(len, [*names, name]))
    bottom = TOP + ROW * len(bars)
    x = spanning([0.0, *(bound for one in bars for bound in (one.value, one.high))], left, WIDTH - VALUES, zero=True)
    parts = []
    for value in x.ticks():
        parts.append(element("line", class_="grid", x1=x(value), x2=x(value), y1=TOP, y2=bottom))
        parts.append(element("text", size(value), class_="tick x", x=x(value), y=bottom + 18))
    for place, (one, text) in enumerate(zip(bars, names, strict=True)):
        middle = TOP + ROW * (place + 0.5)
        box = {"x": left, "y": middle - THICK / 2, "width": x(one.value) - left, "height": THICK}
        tip = element("title", one.tip)
        kind, method = f"bar s{series.style}", series.name
        ends = {"x1": x(one.low), "x2": x(one.high), "y1": middle, "y2": middle}
        parts += [
            label(left - 10, middle + 5, text, method, "end"),
            element("rect", tip, class_=kind, data_method=method, **box, rx=2),
            element("line", class_=f"whisker s{GREY}", data_method=method, **ends),
            label(max(x(one.high), x(one.value)) + 7, middle + 5, f"{one.value:.1f}", method),
        ]
    parts.append(element("line", class_="axis", x1=left, x2=left, y1=TOP, y2=bottom))
    parts += axis_names((left + WIDTH - RIGHT) / 2, bottom + BELOW - 6, values, name)
    return whole(bottom + BELOW, title, parts)
