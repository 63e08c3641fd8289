"""Names at the right ends of lines, moved apart, so that nobody has to look up colours in a legend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from cir_bench.report.sections import ReportRow
from cir_bench.report.svg import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Axis, Point, label, leader, spanning

LETTER, LINE = 8.6, 17.0
"""Size of a label's letters in a chart at their largest (on a phone), to keep labels apart."""
LONGEST = 20
"""Letters of the longest name next to a line."""
PAIR = 2
"""So many lines are highlighted at first where there are more."""


def labelled_x_axis(values: Sequence[float], rows: Sequence[ReportRow], *, log: bool = False) -> Axis:
    """A horizontal axis that leaves room for the names of ``rows`` on its right."""
    return spanning(values, LEFT, _column(short_names(rows)) - 14, log=log)


def end_labels(ends: Mapping[ReportRow, Point]) -> Iterator[Markup]:
    """The name of each row beside the end of its line, joined to it by a thin one."""
    names = short_names(list(ends))
    column = _column(names)
    for (one, end), name, height in zip(ends.items(), names, _apart([y for _, y in ends.values()]), strict=True):
        yield leader(end, (column - 4, height), one.series)
        yield label(column, height + 4, name, one.name)


def short_names(rows: Sequence[ReportRow]) -> list[str]:
    """The methods, or where one has several rows, the rows; cut to what fits."""
    methods = [one.row.method for one in rows]
    names = [one.row.method if methods.count(one.row.method) == 1 else one.name for one in rows]
    return [name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in names]


def pair_of(rows: Sequence[ReportRow]) -> list[str]:
    """The rows that are highlighted at first: the best two methods, where there are more; nothing where all can be."""
    names = [one.name for one in rows if one.row.kind != "sentinel"]
    return names[:PAIR] if len(rows) > PAIR + 1 else []


def _column(names: Sequence[str]) -> float:
    """Where the names begin."""
    return WIDTH - 8 - LETTER * max(map(len, names))


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights near these, in their order, a line apart as far as there is room."""
    room = (HEIGHT - BOTTOM - TOP) / max(1, len(heights) - 1)
    gap, lowest = min(LINE, room), HEIGHT - BOTTOM
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    placed = [0.0] * len(heights)
    floor = TOP
    for rank, place in enumerate(order):
        left = len(order) - 1 - rank
        placed[place] = min(max(heights[place], floor), lowest - left * gap)
        floor = placed[place] + gap
    return placed
