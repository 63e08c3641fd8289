"""R@K for every K, from the ranks of every query; from the record's few K if ranks were not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from cir_bench.evaluation.metrics import parse_metric
from cir_bench.records.load import StoredRecord
from cir_bench.report.end_labels import end_labels, labelled_x_axis, pair_of
from cir_bench.report.figures import Figure, Numbers, percent
from cir_bench.report.sections import ReportSection
from cir_bench.report.svg import chart, mark, selectable_line, y_axis

DEEPEST = 50
SHOWN = (1, 2, 5, 10, 20, 50)
Curve = Mapping[int, float]
"""R@K in percent by K."""


def recall_figure(block: ReportSection) -> Figure | None:
    """R@K against K for every row; None if no record has an R@K."""
    curves = {one: curve for one in block.drawn if (curve := _mean([_curve(cell) for cell in one.row.cells]))}
    if not curves:
        return None
    rows = list(curves)
    x = labelled_x_axis([1, DEEPEST], rows, log=True)
    y = y_axis([value for curve in curves.values() for value in curve.values()], zero=True)
    marks = list(end_labels({one: (x(max(curve)), y(curve[max(curve)])) for one, curve in curves.items()}))
    for one, curve in curves.items():
        marks += selectable_line([(x(k), y(value)) for k, value in curve.items()], one.series)
        for k, value in curve.items():
            if k in SHOWN or len(curve) < DEEPEST:
                marks.append(mark(x(k), y(value), one.series, f"{one.name}: R@{k} {value:.2f}"))
    note = f"Mean over the seeds{', averaged over the parts' if len(block.section.n_queries) > 1 else ''}"
    if any(len(curve) < DEEPEST for curve in curves.values()):
        note += ". A line with few marks belongs to cells whose ranks were not kept."
    else:
        note += f"; for every K from 1 to {DEEPEST}."
    ticks = [(float(k), str(k)) for k in SHOWN]
    picture = chart(marks, x, y, title="R@K against K", x_name="K", y_name="R@K, %", x_ticks=ticks)
    lines = [(one.name, [percent(curve.get(k)) for k in SHOWN]) for one, curve in curves.items()]
    numbers = Numbers([f"R@{k}" for k in SHOWN], lines)
    legend, pair = [one.series for one in rows], pair_of(rows)
    return Figure("R@K", note + block.undrawn, [("", picture)], numbers, legend, pair, wide=True)


def _curve(cell: StoredRecord) -> Curve:
    if cell.queries is None:
        name = "mean/R@{}" if len(cell.record.n_queries) > 1 else "R@{}"
        recorded = {k: cell.record.metrics.get(name.format(k)) for k in range(1, DEEPEST + 1)}
        return {k: value for k, value in recorded.items() if value is not None}
    by_part = [
        [float(parse_metric(f"R@{k}").per_query(part.gallery).mean()) for part in cell.queries.parts.values()]
        for k in range(1, DEEPEST + 1)
    ]
    return dict(enumerate(map(fmean, by_part), start=1))


def _mean(curves: Sequence[Curve]) -> Curve:
    """The mean of several seeds, at the K that all have."""
    shared = sorted(set(curves[0]).intersection(*curves[1:])) if curves else ()
    return {k: fmean(curve[k] for curve in curves) for k in shared}
