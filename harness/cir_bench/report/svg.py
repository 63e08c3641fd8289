"""Charts as SVG, drawn here: scales, axes and marks. Colours are CSS classes, so that a theme can change them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 520.0, 310.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 14.0, 30.0, 48.0
_MARKS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "M-3.6-3.6h7.2v7.2h-7.2z",
    "M0-4.8L4.6 3.6H-4.6z",
    "M0-5L5 0L0 5L-5 0z",
    "M0 4.8L-4.6-3.6H4.6z",
)
"""Circle, square, triangle, diamond, triangle upside down: told apart without colour."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """From a value to a place: linear, or by powers of ten.

    Attributes:
        low: the least value shown.
        high: the largest value shown, above ``low``.
        start: the place of ``low``.
        end: the place of ``high``.
        log: by powers; ``low`` is then above 0.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of ``value``."""
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """About five round values within the scale."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def spanning(values: Iterable[float], start: float, end: float, *, log: bool = False, zero: bool = False) -> Scale:
    """A scale that holds all ``values`` with a little room; from 0 with ``zero``."""
    known = [value for value in values if math.isfinite(value) and not (log and value <= 0)] or [1.0]
    low, high = min(known), max(known)
    if log:
        room = max(1.15, (high / low) ** 0.06)
        return Scale(low / room, high * room, start, end, log=True)
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    floor = 0.0 if zero and low >= 0 else low - room
    return Scale(max(floor, 0.0) if low >= 0 else floor, high + room, start, end)


def across(values: Iterable[float], *, log: bool = False, zero: bool = False) -> Scale:
    """The horizontal scale of a chart."""
    return spanning(values, LEFT, WIDTH - RIGHT, log=log, zero=zero)


def upright(values: Iterable[float], *, log: bool = False, zero: bool = False) -> Scale:
    """The vertical scale of a chart."""
    return spanning(values, HEIGHT - BOTTOM, TOP, log=log, zero=zero)


def chart(
    marks: Sequence[Markup],
    x: Scale,
    y: Scale,
    *,
    title: str,
    x_name: str,
    y_name: str,
    x_ticks: Sequence[tuple[float, str]] | None = None,
) -> Markup:
    """A whole chart: axes, names, and ``marks`` on top. ``title`` is what a screen reader says.

    Args:
        marks: what is drawn.
        x: horizontal scale.
        y: vertical scale.
        title: one sentence.
        x_name: what is across.
        y_name: what is upright.
        x_ticks: places and texts across; None: round numbers.
    """
    across_ticks = [(value, number(value)) for value in x.ticks()] if x_ticks is None else x_ticks
    grid = [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="tick" x="{}" y="{}">{}</text>').format(
            at(LEFT), at(WIDTH - RIGHT), at(y(value)), at(y(value)), at(LEFT - 7), at(y(value) + 4), number(value)
        )
        for value in y.ticks()
    ]
    below = [
        Markup('<text class="tick x" x="{}" y="{}">{}</text>').format(at(x(value)), at(HEIGHT - BOTTOM + 18), text)
        for value, text in across_ticks
    ]
    names = Markup(
        '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="name x" x="{}" y="{}">{}</text><text class="name y" x="2" y="13">{}</text>'
    ).format(
        at(LEFT),
        at(WIDTH - RIGHT),
        at(HEIGHT - BOTTOM),
        at(HEIGHT - BOTTOM),
        at((LEFT + WIDTH - RIGHT) / 2),
        at(HEIGHT - 5),
        x_name,
        y_name,
    )
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        at(WIDTH), at(HEIGHT), title, join([*grid, *below, names, *marks])
    )


def line(points: Sequence[Point], series: int, method: str, *, faint: bool = False) -> Markup:
    """A line through places ``(x, y)``."""
    path = "M" + "L".join(f"{at(x)} {at(y)}" for x, y in points)
    return Markup('<path class="line s{}{}" data-method="{}" d="{}"/>').format(
        series, " faint" if faint else "", method, path
    )


def mark(x: float, y: float, series: int, method: str, tip: str) -> Markup:
    """A mark at a place, with ``tip`` shown when it is pointed at."""
    return Markup(
        '<path class="mark s{}" data-method="{}" transform="translate({} {})" d="{}"><title>{}</title></path>'
    ).format(series, method, at(x), at(y), shape(series), tip)


def whisker(x: float, low: float, high: float, series: int, method: str) -> Markup:
    """An upright line from place ``low`` to place ``high``."""
    return Markup('<line class="whisker s{}" data-method="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
        series, method, at(x), at(x), at(low), at(high)
    )


def upright_rule(x: float, text: str) -> Markup:
    """A dashed line across the whole chart at one place, with a word at its top."""
    return Markup(
        '<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="label" x="{}" y="{}" text-anchor="{}">{}</text>'
    ).format(at(x), at(x), at(TOP - 8), at(HEIGHT - BOTTOM), *_beside(x), text)


def _beside(x: float) -> tuple[str, str, str]:
    """Where the word of a rule stands: on the side with more room."""
    right = x < WIDTH / 2
    return at(x + 8 if right else x - 8), at(TOP + 1), "start" if right else "end"


def label(x: float, y: float, text: str, method: str, anchor: str = "start") -> Markup:
    """A text beside a mark."""
    return Markup('<text class="label" data-method="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        method, at(x), at(y), anchor, text
    )


def swatch(series: int) -> Markup:
    """The line and mark of a series, for a legend."""
    return Markup(
        '<svg class="swatch" viewBox="0 0 26 12" aria-hidden="true"><path class="line s{}" d="M1 6L25 6"/>'
        '<path class="mark s{}" transform="translate(13 6)" d="{}"/></svg>'
    ).format(series, series, shape(series))


def shape(series: int) -> str:
    """The mark of a series."""
    return _MARKS[series % len(_MARKS)]


def join(parts: Iterable[Markup]) -> Markup:
    """Markup end to end."""
    return Markup("").join(parts)


def at(place: float) -> str:
    """A place with one digit behind the point, so that equal charts are equal texts."""
    return f"{place:.1f}".removesuffix(".0")


def number(value: float) -> str:
    """``0.05``, ``1.5``, ``40``, ``3 k``, ``2 M``: a tick's text."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


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
