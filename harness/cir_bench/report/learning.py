"""Learning curves: the held-out score by epoch, and every loss term of every method."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from markupsafe import Markup

from cir_bench.records.load import StoredRecord
from cir_bench.report.cost import log_scale
from cir_bench.report.figures import Figure, Gallery, Numbers, percent
from cir_bench.report.material import Block, Line
from cir_bench.report.svg import Scale, across, chart, line, mark, upright

SHORT = 24
"""Longest name of a metric beside an axis."""
Trace = Mapping[int, float]
"""Value by epoch, counted from 1 over all stages."""


def learning_figure(block: Block) -> Figure | None:
    """The score by which checkpoints are chosen, by epoch; None where no cell took one."""
    traces = {one: [_selection(cell) for cell in one.cells] for one in block.drawn}
    drawn = {one: [trace for trace in of_seeds if trace] for one, of_seeds in traces.items()}
    drawn = {one: of_seeds for one, of_seeds in drawn.items() if of_seeds}
    if not drawn:
        return None
    values = [value for of_seeds in drawn.values() for trace in of_seeds for value in trace.values()]
    last = max(epoch for of_seeds in drawn.values() for trace in of_seeds for epoch in trace)
    x, y = across([1, max(2, last)]), upright(values)
    marks: list[Markup] = []
    for one, of_seeds in drawn.items():
        if len(of_seeds) > 1:
            marks += [line(_places(trace, x, y), one.series, one.name, faint=True) for trace in of_seeds]
        marks.append(line(_places(_mean(of_seeds), x, y), one.series, one.name))
    marks += list(_chosen(drawn, x, y))
    metric = _metric(block)
    short = metric if len(metric) <= SHORT else "score"
    rows = [
        (one.name, [percent(fmean(max(trace.values()) for trace in of_seeds)), ", ".join(_epochs(one)) or "–"])
        for one, of_seeds in drawn.items()
    ]
    return Figure(
        "Learning curves",
        f"Held-out {metric}, by which checkpoints are chosen. Bold: mean over the seeds; thin: each seed; "
        f"marks: its best epoch.{block.undrawn}",
        [("", chart(marks, x, y, title=f"Held-out {metric} by epoch", x_name="epoch", y_name=f"held-out {short}"))],
        list(drawn),
        Numbers(["best, mean over seeds", "epochs of the chosen checkpoints"], rows),
        wide=True,
    )


def training_gallery(block: Block) -> Gallery | None:
    """The learning curves, and a small chart of loss terms for each method that has any."""
    curves = learning_figure(block)
    figures = [*([curves] if curves else []), *(figure for one in block.drawn if (figure := _terms(one)) is not None)]
    return Gallery("Training", figures) if figures else None


def _terms(one: Line) -> Figure | None:
    histories = [cell.record.history for cell in one.cells if cell.record.history]
    names = list(dict.fromkeys(name for history in histories for epoch in history for name in epoch.terms))
    if not names:
        return None
    traces = {
        name: _mean(
            [
                {place: log.terms[name] for place, log in enumerate(history, start=1) if name in log.terms}
                for history in histories
            ]
        )
        for name in names
    }
    values = [value for trace in traces.values() for value in trace.values() if math.isfinite(value)]
    x, y = across([1, max(2, *(max(trace) for trace in traces.values()))]), log_scale(values)
    marks = [
        line(_places(trace, x, y), series % 8, name)
        for series, (name, trace) in enumerate(traces.items())
        if len(trace) > 1
    ]
    marks += [
        mark(
            x(max(trace)),
            y(trace[max(trace)]),
            series % 8,
            name,
            f"{name}: {trace[max(trace)]:.4g} in epoch {max(trace)}",
        )
        for series, (name, trace) in enumerate(traces.items())
        if math.isfinite(trace[max(trace)])
    ]
    stages = list(dict.fromkeys(log.stage for log in histories[0]))
    legend = [
        replace(one, row=one.row.model_copy(update={"method": name, "variant": ""}), series=place % 8)
        for place, name in enumerate(names)
    ]
    seeds = ", ".join(map(str, one.row.seeds))
    of_seeds = f"Mean over seeds {seeds}." if len(one.row.seeds) > 1 else f"Seed {seeds}."
    note = f"{of_seeds} Stages: {', then '.join(stages)}." if len(stages) > 1 else of_seeds
    scale = ", by powers of ten" if y.log else ""
    picture = chart(marks, x, y, title=f"Loss terms of {one.name} by epoch", x_name="epoch", y_name=f"loss{scale}")
    rows = [(name, [f"{trace[min(trace)]:.4g}", f"{trace[max(trace)]:.4g}"]) for name, trace in traces.items()]
    return Figure(f"Loss of {one.name}", note, [("", picture)], legend, Numbers(["first epoch", "last epoch"], rows))


def _selection(cell: StoredRecord) -> Trace:
    history = enumerate(cell.record.history, start=1)
    return {
        place: log.selection for place, log in history if log.selection is not None and math.isfinite(log.selection)
    }


def _mean(traces: Sequence[Trace]) -> Trace:
    """The mean over the seeds that came to an epoch."""
    epochs = sorted(set().union(*traces))
    return {epoch: fmean(trace[epoch] for trace in traces if epoch in trace) for epoch in epochs}


def _places(trace: Trace, x: Scale, y: Scale) -> list[tuple[float, float]]:
    return [(x(epoch), y(value)) for epoch, value in trace.items() if math.isfinite(value)]


def _chosen(drawn: Mapping[Line, Sequence[Trace]], x: Scale, y: Scale) -> Iterator[Markup]:
    for one in drawn:
        for cell in one.cells:
            trace = _selection(cell)
            if trace:
                epoch = max(trace, key=lambda place: (trace[place], -place))
                tip = f"{one.name}, seed {cell.record.cell.seed}: {trace[epoch]:.2f} in epoch {epoch}"
                yield mark(x(epoch), y(trace[epoch]), one.series, one.name, tip)


def _epochs(one: Line) -> Iterator[str]:
    for cell in one.cells:
        if cell.record.selection is not None and cell.record.selection.epoch is not None:
            yield str(cell.record.selection.epoch)


def _metric(block: Block) -> str:
    facts = [cell.record.selection for one in block.methods for cell in one.cells if cell.record.selection]
    names = {one.metric for one in facts if one.metric}
    return names.pop() if len(names) == 1 else "score, %"
