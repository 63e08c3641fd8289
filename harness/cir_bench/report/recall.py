"""R@K for every K, from the ranks of every query; from the record's few K where those were not kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np

from cir_bench.evaluation.metrics import parse_metric
from cir_bench.records.load import StoredRecord
from cir_bench.report.figures import Figure, Numbers, percent
from cir_bench.report.material import Block
from cir_bench.report.svg import across, chart, line, mark, upright

DEEPEST = 50
SHOWN = (1, 2, 5, 10, 20, 50)
Curve = Mapping[int, float]
"""R@K in percent by K."""


def recall_figure(block: Block) -> Figure | None:
    """R@K against K of every line; None where no record has an R@K."""
    curves = {line: curve for line in block.drawn if (curve := _mean([_curve(cell) for cell in line.cells]))}
    if not curves:
        return None
    whole = [line for line, curve in curves.items() if len(curve) == DEEPEST]
    x = across([1, DEEPEST], log=True)
    y = upright([value for curve in curves.values() for value in curve.values()], zero=True)
    marks = []
    for drawn, curve in curves.items():
        method, places = drawn.name, [(x(k), y(value)) for k, value in curve.items()]
        marks.append(line(places, drawn.series, method))
        for k, value in curve.items():
            if k in SHOWN or len(curve) < DEEPEST:
                marks.append(mark(x(k), y(value), drawn.series, method, f"{drawn.name}: R@{k} {value:.2f}"))
    of_parts = ", averaged over the parts" if len(block.section.n_queries) > 1 else ""
    note = f"Mean over the seeds{of_parts}; for every K from 1 to {DEEPEST}."
    if len(whole) < len(curves):
        note = f"Mean over the seeds{of_parts}. A line with few marks is of cells whose ranks were not kept."
    return Figure(
        "R@K",
        note + block.undrawn,
        [
            (
                "",
                chart(
                    marks,
                    x,
                    y,
                    title="R@K against K",
                    x_name="K",
                    y_name="R@K, %",
                    x_ticks=[(k, str(k)) for k in SHOWN],
                ),
            )
        ],
        list(curves),
        Numbers(
            [f"R@{k}" for k in SHOWN], [(one.name, [percent(c.get(k)) for k in SHOWN]) for one, c in curves.items()]
        ),
    )


def _curve(cell: StoredRecord) -> Curve:
    if cell.queries is None:
        return _recorded(cell)
    ranks = [
        [parse_metric(f"R@{k}").per_query(part.gallery) for k in range(1, DEEPEST + 1)]
        for part in cell.queries.parts.values()
    ]
    by_part = np.array([[values.mean() for values in part] for part in ranks])
    return {k: float(value) for k, value in enumerate(by_part.mean(axis=0), start=1)}


def _recorded(cell: StoredRecord) -> Curve:
    parts = len(cell.record.n_queries) > 1
    found = {}
    for name, value in cell.record.metrics.items():
        fits = re.fullmatch(r"mean/R@(\d+)" if parts else r"R@(\d+)", name)
        if fits and int(fits[1]) <= DEEPEST:
            found[int(fits[1])] = value
    return dict(sorted(found.items()))


def _mean(curves: Sequence[Curve]) -> Curve:
    """The mean of several seeds, at the K that all have."""
    if not curves:
        return {}
    shared = sorted(set(curves[0]).intersection(*curves[1:]))
    return {k: fmean(curve[k] for curve in curves) for k in shared}
