"""Charts as SVG: axes and marks. Colours are CSS classes, so that a theme can change them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from cir_bench.leaderboards.table import size

WIDTH, HEIGHT = 520.0, 310.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 14.0, 30.0, 48.0
COLOURS = 8
"""Styles 0 … 7 have a colour each, and 8 … 15 the same with dashes."""
WIDE_RANGE = 20
"""The factor between values above which `fitting_y_axis` is logarithmic."""
_MARKS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "M-3.6-3.6h7.2v7.2h-7.2z",
    "M0-4.8L4.6 3.6H-4.6z",
    "M0-5L5 0L0 5L-5 0z",
    "M0 4.8L-4.6-3.6H4.6z",
)
"""Circle, square, triangle, diamond, triangle upside down: distinct without colour."""

Point = tuple[float, float]


class Series(NamedTuple):
    """A line of a chart with its marks: its name, and the number of its colour and mark."""

    name: str
    style: int


@dataclass(frozen=True)
class Axis:
    """Maps the values ``low`` (above 0 if ``log``) to ``high`` to the positions ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The position of ``value``."""
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """About five round values on the axis."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def spanning(values: Iterable[float], start: float, end: float, *, log: bool = False, zero: bool = False) -> Axis:
    """An axis that holds all ``values`` with some room at the ends; from 0 with ``zero``."""
    finite = [value for value in values if math.isfinite(value) and not (log and value <= 0)] or [1.0]
    low, high = min(finite), max(finite)
    if log:
        room = max(1.15, (high / low) ** 0.06)
        return Axis(low / room, high * room, start, end, log=True)
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    floor = 0.0 if zero and low >= 0 else low - room
    return Axis(max(floor, 0.0) if low >= 0 else floor, high + room, start, end)


def x_axis(values: Iterable[float], *, log: bool = False) -> Axis:
    """The horizontal axis of a chart."""
    return spanning(values, LEFT, WIDTH - RIGHT, log=log)


def y_axis(values: Iterable[float], *, log: bool = False, zero: bool = False) -> Axis:
    """The vertical axis of a chart."""
    return spanning(values, HEIGHT - BOTTOM, TOP, log=log, zero=zero)


def fitting_y_axis(values: Iterable[float]) -> Axis:
    """A vertical axis that is logarithmic if positive values span more than a factor of `WIDE_RANGE`."""
    finite = [value for value in values if math.isfinite(value)]
    return y_axis(finite, log=bool(finite) and min(finite) > 0 and max(finite) > WIDE_RANGE * min(finite))


def chart(
    marks: Iterable[Markup],
    x: Axis,
    y: Axis,
    *,
    title: str,
    x_name: str,
    y_name: str,
    x_ticks: Sequence[tuple[float, str]] | None = None,
) -> Markup:
    """A whole chart: axes with their names, and ``marks`` on top of the grid.

    ``title`` is a sentence for screen readers; ``x_ticks`` are values with their labels (None: round numbers).
    """
    right, bottom = x.end, HEIGHT - BOTTOM
    parts: list[Markup] = []
    for value in y.ticks():
        parts.append(element("line", class_="grid", x1=LEFT, x2=right, y1=y(value), y2=y(value)))
        parts.append(element("text", size(value), class_="tick", x=LEFT - 7, y=y(value) + 4))
    for value, text in [(value, size(value)) for value in x.ticks()] if x_ticks is None else x_ticks:
        parts.append(element("text", text, class_="tick x", x=x(value), y=bottom + 18))
    parts.append(element("line", class_="axis", x1=LEFT, x2=right, y1=bottom, y2=bottom))
    parts += axis_names((LEFT + right) / 2, HEIGHT - 5, x_name, y_name)
    return whole(HEIGHT, title, [*parts, *marks])


def whole(height: float, title: str, parts: Iterable[Markup]) -> Markup:
    """The SVG element of a chart."""
    return element("svg", *parts, class_="chart", viewBox=f"0 0 {at(WIDTH)} {at(height)}", role="img", aria_label=title)


def axis_names(middle: float, bottom: float, x_name: str, y_name: str) -> list[Markup]:
    """The labels of both axes."""
    return [
        element("text", x_name, class_="name x", x=middle, y=bottom),
        element("text", y_name, class_="name y", x=2, y=13),
    ]


def line(points: Iterable[Point], series: Series, *, faint: bool = False) -> Markup:
    """A line through positions ``(x, y)``."""
    kind = f"line s{series.style}{' faint' * faint}"
    return element("path", class_=kind, data_method=series.name, d=_path(points))


def selectable_line(points: Sequence[Point], series: Series) -> list[Markup]:
    """A line, and a wide invisible one on it, so that it is easy to point at."""
    return [element("path", class_="hit", data_method=series.name, d=_path(points)), line(points, series)]


def leader(start: Point, end: Point, series: Series) -> Markup:
    """A thin line from the end of a line to its name."""
    return element("path", class_=f"leader s{series.style}", data_method=series.name, d=_path([start, end]))


def mark(x: float, y: float, series: Series, tip: str) -> Markup:
    """A mark at a position, with a tooltip."""
    kind = f"mark s{series.style}"
    return element("path", element("title", tip), class_=kind, data_method=series.name, **_mark(series.style, x, y))


def whisker(x: float, low: float, high: float, series: Series) -> Markup:
    """A vertical line from position ``low`` to position ``high``."""
    return element("line", class_=f"whisker s{series.style}", data_method=series.name, x1=x, x2=x, y1=low, y2=high)


def rule(x: float, text: str) -> Markup:
    """A dashed vertical line across the whole chart, with a word at its top on the side that has more room."""
    side, anchor = (8.0, "start") if x < WIDTH / 2 else (-8.0, "end")
    dashed = element("line", class_="rule", x1=x, x2=x, y1=TOP - 8, y2=HEIGHT - BOTTOM)
    return dashed + element("text", text, class_="label", x=x + side, y=TOP + 1, text_anchor=anchor)


def label(x: float, y: float, text: str, method: str, anchor: str = "start") -> Markup:
    """A word next to a mark."""
    return element("text", text, class_="label", data_method=method, x=x, y=y, text_anchor=anchor)


def swatch(style: int) -> Markup:
    """The line and mark of a series, for a legend."""
    drawn = element("path", class_=f"line s{style}", d="M1 6L25 6")
    marked = element("path", class_=f"mark s{style}", **_mark(style, 13, 6))
    return element("svg", drawn, marked, class_="swatch", viewBox="0 0 26 12", aria_hidden="true")


def element(tag: str, *inside: str, **attributes: str | float) -> Markup:
    """An element of SVG; text is escaped. ``class_`` becomes ``class``, ``data_method`` becomes ``data-method``."""
    names = [name.rstrip("_").replace("_", "-") for name in attributes]
    values = [at(value) if isinstance(value, float) else value for value in attributes.values()]
    pairs = Markup("").join(Markup(' {}="{}"').format(*pair) for pair in zip(names, values, strict=True))
    if not inside:
        return Markup("<{}{}/>").format(tag, pairs)
    return Markup("<{}{}>{}</{}>").format(tag, pairs, Markup("").join(inside), tag)


def at(position: float) -> str:
    """A position with one decimal, so that equal charts are equal strings."""
    return f"{position:.1f}".removesuffix(".0")


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{at(x)} {at(y)}" for x, y in points)


def _mark(style: int, x: float, y: float) -> dict[str, str]:
    return {"transform": f"translate({at(x)} {at(y)})", "d": _MARKS[style % len(_MARKS)]}


def _linear_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 4
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{step * k:.12g}") for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
        ticks = [factor * 10.0**power for power in decades for factor in factors if low <= factor * 10.0**power <= high]
        if len(ticks) >= 3:
            every = math.ceil(len(ticks) / 7)
            return ticks[::every]
    return _linear_ticks(low, high)
