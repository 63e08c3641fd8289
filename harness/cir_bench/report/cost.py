"""Accuracy against cost: parameters over all machines, times and memory only among the cells of one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cir_bench.leaderboards import Row
from cir_bench.leaderboards.table import size
from cir_bench.report.end_labels import LETTER, LINE
from cir_bench.report.figures import Figure, Numbers, percent
from cir_bench.report.sections import ReportRow, ReportSection
from cir_bench.report.svg import HEIGHT, WIDTH, Point, chart, label, mark, whisker, x_axis, y_axis

MARGIN = 16.0
"""How far a label may extend beyond a chart's right edge, into its frame."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True)
class CostMeasure:
    """A cost: its name on the axis, a short name on a button, and its value for a row."""

    name: str
    short: str
    value: Callable[[Row], float]


PARAMETERS = CostMeasure("parameters changed by training", "parameters", lambda row: float(row.trained_parameters))
OF_ONE_MACHINE = (
    CostMeasure("milliseconds per query", "ms/query", lambda row: row.query_milliseconds),
    CostMeasure("training, seconds", "train", lambda row: row.train_seconds),
    CostMeasure("peak memory, MiB", "memory", lambda row: row.peak_memory_mib),
)


def cost_figure(block: ReportSection) -> Figure | None:
    """The headline against each cost; None with fewer than two methods to compare."""
    headline, rows = block.section.headline, [one for one in block.drawn if one.row.kind != "sentinel"]
    charts = list(_charts(rows, headline, block.section.places)) if headline else []
    if not charts:
        return None
    note = "Up and to the left is better. A chart leaves out methods without that cost, such as those without training."
    drawn = [one for one in rows if headline in one.row.metrics and any(in_picture(one, each) for _, each in charts)]
    costs = (PARAMETERS, *OF_ONE_MACHINE)
    lines = [
        (one.name, [percent(one.row.metrics[headline].mean), *(size(cost.value(one.row)) for cost in costs)])
        for one in drawn
    ]
    numbers = Numbers([headline, *(cost.name for cost in costs)], lines)
    return Figure(f"{headline} against cost", note + block.undrawn, charts, numbers, [one.series for one in drawn])


def in_picture(one: ReportRow, picture: Markup) -> bool:
    """Whether a chart shows a row."""
    return Markup('data-method="{}"').format(one.name) in picture


def _charts(rows: Sequence[ReportRow], headline: str, machines: Sequence[str]) -> Iterator[tuple[str, Markup]]:
    """Charts with the names of their buttons; ``machines`` in the order of their numbers."""
    if picture := _chart(rows, headline, PARAMETERS):
        yield PARAMETERS.short, picture
    for place, machine in enumerate(machines, start=1):
        here = [one for one in rows if one.row.places == (machine,)]
        which = f", on {place}" if len(machines) > 1 else ""
        for cost in OF_ONE_MACHINE:
            if picture := _chart(here, headline, cost, machine, f", on ({place})" if which else ""):
                yield cost.short + which, picture


def _chart(rows: Sequence[ReportRow], headline: str, cost: CostMeasure, machine: str = "", which: str = "") -> Markup:
    """A chart of the rows that have this cost; empty with fewer than two.

    ``machine`` is for those who cannot see the chart; next to its axis there is only room for ``which``, its number.
    """
    shown = [one for one in rows if cost.value(one.row) > 0 and headline in one.row.metrics]
    if len(shown) < 2:
        return Markup("")
    costs, values = [cost.value(one.row) for one in shown], [one.row.metrics[headline] for one in shown]
    x, y = x_axis(costs, log=True), y_axis(bound for value in values for bound in value.bounds)
    marks, places, whiskers = [], [], []
    for one, spent, value in zip(shown, costs, values, strict=True):
        low, high = value.bounds
        tip = f"{one.name}: {headline} {value.mean:.2f} ({low:.2f} to {high:.2f}), {size(spent)} {cost.name}"
        place = x(spent), y(value.mean)
        marks += [whisker(x(spent), y(low), y(high), one.series), mark(*place, one.series, tip)]
        places.append(place)
        whiskers.append((y(high), y(low)))
    title = f"{headline} of {len(shown)} methods against {cost.name}{f', on {machine}' if machine else ''}"
    marks += _labels([one.name for one in shown], places, whiskers)
    return chart(marks, x, y, title=title, x_name=f"{cost.name}{which}", y_name=headline)


def _labels(names: Sequence[str], places: Sequence[Point], whiskers: Sequence[Point]) -> Iterator[Markup]:
    """The methods' names next to their marks; one that would cover anything else is left to the legend."""
    marks = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    upright = [(x - 2, top, x + 2, end) for (x, _), (top, end) in zip(places, whiskers, strict=True)]
    taken: list[Box] = [*marks, *upright]
    for name, (x, y), own in zip(names, places, marks, strict=True):
        width = LETTER * len(name)
        for left, top, anchor in (
            (x + 8, y - LINE / 2, "start"),
            (x - 8 - width, y - LINE / 2, "end"),
            (x - width / 2, y - LINE - 6, "middle"),
            (x - width / 2, y + 6, "middle"),
        ):
            box = (left, top, left + width, top + LINE)
            inside = left > 0 and left + width < WIDTH + MARGIN and top > 0 and top + LINE < HEIGHT
            if inside and not any(_overlap(box, other) for other in taken if other != own):
                taken.append(box)
                anchored = {"start": left, "end": left + width, "middle": x}[anchor]
                yield label(anchored, top + LINE - 3, name, name, anchor)
                break


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
