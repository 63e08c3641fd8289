"""Accuracy against cost: parameters anywhere, times and memory only among cells of one machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cir_bench.leaderboard import Row
from cir_bench.report.figures import Figure
from cir_bench.report.material import Block, Line
from cir_bench.report.svg import HEIGHT, WIDTH, Scale, across, chart, label, mark, number, upright, whisker

MARGIN = 16.0
"""How far a label may reach beyond a chart's right edge: into its frame."""
LETTER, LINE = 8.6, 17.0
"""Size of a label's letters in a chart at their largest (on a phone), for keeping labels apart."""


@dataclass(frozen=True)
class Kind:
    """A cost.

    Attributes:
        name: what is across.
        short: its name on a button.
        value: of a row.
    """

    name: str
    short: str
    value: Callable[[Row], float]


PARAMETERS = Kind("parameters changed by training", "parameters", lambda row: float(row.trained_parameters))
OF_ONE_MACHINE = (
    Kind("milliseconds per query", "ms/query", lambda row: row.query_milliseconds),
    Kind("training, seconds", "train", lambda row: row.train_seconds),
    Kind("peak memory, MiB", "memory", lambda row: row.peak_memory_mib),
)


def cost_figure(block: Block) -> Figure | None:
    """The headline against each cost; None with fewer than two methods to compare."""
    headline, lines = block.section.headline, [line for line in block.drawn if line.row.kind != "sentinel"]
    if len(lines) < 2 or not headline:
        return None
    charts = list(_charts(lines, headline, block.section.places))
    if not charts:
        return None
    note = (
        "Up and to the left is better. Methods without any cost of a kind (nothing trained) are not on its chart."
        + block.undrawn
    )
    return Figure(f"{headline} against cost", note, charts, lines)


def _charts(lines: Sequence[Line], headline: str, numbered: Sequence[str]) -> Iterator[tuple[str, Markup]]:
    picture = _chart(lines, headline, PARAMETERS)
    if picture is not None:
        yield PARAMETERS.short, picture
    places = sorted({line.row.places for line in lines})
    names = [_short(place) for place in numbered]
    for place in places:
        here = [line for line in lines if line.row.places == place]
        if len(place) != 1:
            continue
        (where,) = place
        short = _short(where) if names.count(_short(where)) == 1 else f"on {numbered.index(where) + 1}"
        which = f", on ({numbered.index(where) + 1})" if len(places) > 1 else ""
        for kind in OF_ONE_MACHINE:
            picture = _chart(here, headline, kind, f", on {where}", which)
            if picture is not None:
                yield kind.short if len(places) == 1 else f"{kind.short}, {short}", picture


def _chart(lines: Sequence[Line], headline: str, kind: Kind, where: str = "", which: str = "") -> Markup | None:
    """``where`` is told to those who cannot see the chart; beside its axis there is room for the machine's number."""
    shown = [line for line in lines if kind.value(line.row) > 0 and headline in line.row.metrics]
    if len(shown) < 2:
        return None
    costs = [kind.value(line.row) for line in shown]
    x = across(costs, log=True)
    spreads = [_spread(line, headline) for line in shown]
    y = upright([bound for low, _, high in spreads for bound in (low, high)])
    marks = []
    for line, cost, (low, mean, high) in zip(shown, costs, spreads, strict=True):
        tip = f"{line.name}: {headline} {mean:.2f} ({low:.2f} to {high:.2f}), {number(cost)} {kind.name}"
        marks.append(whisker(x(cost), y(low), y(high), line.series, line.name))
        marks.append(mark(x(cost), y(mean), line.series, line.name, tip))
    places = [(x(cost), y(mean)) for cost, (_, mean, _) in zip(costs, spreads, strict=True)]
    labels = _labels(shown, places, [(y(high), y(low)) for low, _, high in spreads])
    return chart(
        [*marks, *labels],
        x,
        y,
        title=f"{headline} of {len(shown)} methods against {kind.name}{where}",
        x_name=f"{kind.name}{which}",
        y_name=headline,
    )


def _spread(line: Line, headline: str) -> tuple[float, float, float]:
    """Low, mean and high: the interval, else one standard deviation either side, else the mean alone."""
    value = line.row.metrics[headline]
    if value.interval is not None:
        return value.interval.low, value.mean, value.interval.high
    sd = value.sd or 0.0
    return value.mean - sd, value.mean, value.mean + sd


def _labels(
    lines: Sequence[Line], places: Sequence[tuple[float, float]], whiskers: Sequence[tuple[float, float]]
) -> Iterator[Markup]:
    """The methods' names beside their marks; one that would lie on anything else is left to the legend."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    upright_lines = [(x - 2, top, x + 2, end) for (x, _), (top, end) in zip(places, whiskers, strict=True)]
    for line, (x, y) in zip(lines, places, strict=True):
        width = LETTER * len(line.name)
        for left, top, anchor in (
            (x + 8, y - LINE / 2, "start"),
            (x - 8 - width, y - LINE / 2, "end"),
            (x - width / 2, y - LINE - 6, "middle"),
            (x - width / 2, y + 6, "middle"),
        ):
            box = (left, top, left + width, top + LINE)
            inside = left > 0 and left + width < WIDTH + MARGIN and top > 0 and top + LINE < HEIGHT
            own = (x - 5, y - 5, x + 5, y + 5)
            others = [*(other for other in taken if other != own), *upright_lines]
            if inside and not any(_overlap(box, other) for other in others):
                taken.append(box)
                anchored = {"start": left, "end": left + width, "middle": x}[anchor]
                yield label(anchored, top + LINE - 3, line.name, line.name, anchor)
                break


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _short(place: str) -> str:
    """The part of a machine's name that tells it from others: its threads."""
    words = [word for word in place.replace("(", ",").replace(")", ",").split(",") if "thread" in word]
    return (words[0] if words else place).strip()


def log_scale(values: Sequence[float]) -> Scale:
    """A vertical scale by powers of ten where ``values`` span more than a factor of 20, else a linear one."""
    known = [value for value in values if math.isfinite(value)]
    wide = bool(known) and min(known) > 0 and max(known) > 20 * min(known)
    return upright(known, log=wide)
