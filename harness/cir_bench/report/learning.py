"""Learning curves: the held-out score by epoch, and every loss term of every method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean

from markupsafe import Markup

from cir_bench.records.load import StoredRecord
from cir_bench.records.models import EpochLog
from cir_bench.report.end_labels import end_labels, labelled_x_axis, pair_of
from cir_bench.report.figures import Figure, Numbers, percent
from cir_bench.report.sections import ReportRow, ReportSection
from cir_bench.report.svg import (
    COLOURS,
    Axis,
    Point,
    Series,
    chart,
    fitting_y_axis,
    line,
    mark,
    selectable_line,
    x_axis,
    y_axis,
)

SHORT = 24
"""Longest name of a metric next to an axis."""
SHARES = (
    "A term's share of the gradient is the norm of its weighted gradient over the sum of all terms' norms, for the "
    "method's own parameters, at the epoch's first batch."
)
Trace = Mapping[int, float]
"""Value by epoch, counted from 1 over all stages."""


def training_figures(block: ReportSection) -> list[Figure]:
    """The learning curves, and a small chart of loss terms for each method that has any."""
    figures = [_learning(block), *map(_losses, block.drawn)]
    return [figure for figure in figures if figure is not None]


def _learning(block: ReportSection) -> Figure | None:
    """The score by which checkpoints are chosen, by epoch; None if no cell has one."""
    every = {one: [trace for cell in one.row.cells if (trace := _scores(cell))] for one in block.drawn}
    drawn = {one: traces for one, traces in every.items() if traces}
    if not drawn:
        return None
    longest = max(max(trace) for traces in drawn.values() for trace in traces)
    x = labelled_x_axis([1, max(2, longest)], list(drawn))
    y = y_axis([value for traces in drawn.values() for trace in traces for value in trace.values()])
    means = {one: _mean(traces) for one, traces in drawn.items()}
    marks = list(end_labels({one: _points(mean, x, y)[-1] for one, mean in means.items()}))
    for one, traces in drawn.items():
        if len(traces) > 1:
            marks += [line(_points(trace, x, y), one.series, faint=True) for trace in traces]
        marks += selectable_line(_points(means[one], x, y), one.series)
    marks += [picked for one in drawn for picked in _best_epochs(one, x, y)]
    metric = held_out_metric(block)
    short = metric if len(metric) <= SHORT else "score"
    rows = [
        (one.name, [percent(fmean(max(trace.values()) for trace in traces)), ", ".join(_chosen(one)) or "–"])
        for one, traces in drawn.items()
    ]
    return Figure(
        "Learning curves",
        f"Held-out {metric}, by which checkpoints are chosen. Bold: mean over the seeds; thin: each seed; "
        f"marks: its best epoch.{block.undrawn}",
        [("", chart(marks, x, y, title=f"Held-out {metric} by epoch", x_name="epoch", y_name=f"held-out {short}"))],
        Numbers(["best, mean over seeds", "epochs of the chosen checkpoints"], rows),
        [one.series for one in drawn],
        pair_of(list(drawn)),
        wide=True,
    )


def _losses(one: ReportRow) -> Figure | None:
    """The loss terms of one row by epoch, means over its seeds; None if it has none."""
    histories = [cell.record.history for cell in one.row.cells if cell.record.history]
    names = list(dict.fromkeys(name for history in histories for epoch in history for name in epoch.terms))
    if not names:
        return None
    series_of = [Series(name, place % COLOURS) for place, name in enumerate(names)]
    traces = {series: _mean([_term(history, series.name) for history in histories]) for series in series_of}
    x, y = _epochs(traces.values()), fitting_y_axis(value for trace in traces.values() for value in trace.values())
    marks = [line(_points(trace, x, y), series) for series, trace in traces.items() if len(trace) > 1]
    for series, trace in traces.items():
        last = max(trace)
        if math.isfinite(trace[last]):
            marks.append(mark(x(last), y(trace[last]), series, f"{series.name}: {trace[last]:.4g} in epoch {last}"))
    stages = list(dict.fromkeys(log.stage for log in histories[0]))
    seeds = ", ".join(map(str, one.row.seeds))
    of_seeds = f"Mean over seeds {seeds}." if len(one.row.seeds) > 1 else f"Seed {seeds}."
    note = f"{of_seeds} Stages: {', then '.join(stages)}." if len(stages) > 1 else of_seeds
    scale = ", logarithmic" if y.log else ""
    picture = chart(marks, x, y, title=f"Loss terms of {one.name} by epoch", x_name="epoch", y_name=f"loss{scale}")
    shares = {series: _mean([_percent(history, series.name) for history in histories]) for series in series_of}
    shown, columns = [("", picture)], ["first epoch", "last epoch"]
    if any(shares.values()):
        shown = [("Loss terms", picture), ("Shares of the gradient", _shares_chart(one, shares, x))]
        columns += ["share of the gradient in the first epoch, %", "in the last, %"]
        note += f" {SHARES}"
    rows = [
        (series.name, [*_ends(t, ".4g"), *(_ends(shares[series], ".2f") if len(columns) > 2 else ())])
        for series, t in traces.items()
    ]
    return Figure(f"Loss of {one.name}", note, shown, Numbers(columns, rows), list(traces))


def _shares_chart(one: ReportRow, shares: Mapping[Series, Trace], x: Axis) -> Markup:
    y = y_axis([0.0, 100.0], zero=True)
    marks = [line(_points(trace, x, y), series) for series, trace in shares.items() if len(trace) > 1]
    for series, trace in shares.items():
        if trace:
            last = max(trace)
            marks.append(mark(x(last), y(trace[last]), series, f"{series.name}: {trace[last]:.2f} % in epoch {last}"))
    title = f"Shares of the gradient of {one.name} by epoch"
    return chart(marks, x, y, title=title, x_name="epoch", y_name="share of the gradient, %")


def _ends(trace: Trace, form: str) -> list[str]:
    """The first and the last value."""
    return [format(trace[end(trace)], form) for end in (min, max)] if trace else ["–", "–"]


def _scores(cell: StoredRecord) -> Trace:
    history = enumerate(cell.record.history, start=1)
    return {
        epoch: log.selection for epoch, log in history if log.selection is not None and math.isfinite(log.selection)
    }


def _term(history: Sequence[EpochLog], name: str) -> Trace:
    return {epoch: log.terms[name] for epoch, log in enumerate(history, start=1) if name in log.terms}


def _percent(history: Sequence[EpochLog], name: str) -> Trace:
    """A term's share of the gradient."""
    return {epoch: 100 * log.shares[name] for epoch, log in enumerate(history, start=1) if name in log.shares}


def _mean(traces: Sequence[Trace]) -> Trace:
    """The mean over the seeds that reached an epoch."""
    epochs = sorted(set().union(*traces))
    return {epoch: fmean(trace[epoch] for trace in traces if epoch in trace) for epoch in epochs}


def _epochs(traces: Iterable[Trace]) -> Axis:
    return x_axis([1, max(2, *map(max, traces))])


def _points(trace: Trace, x: Axis, y: Axis) -> list[Point]:
    return [(x(epoch), y(value)) for epoch, value in trace.items() if math.isfinite(value)]


def _best_epochs(one: ReportRow, x: Axis, y: Axis) -> Iterator[Markup]:
    for cell in one.row.cells:
        if trace := _scores(cell):
            epoch = max(trace, key=lambda place: (trace[place], -place))
            tip = f"{one.name}, seed {cell.record.cell.seed}: {trace[epoch]:.2f} in epoch {epoch}"
            yield mark(x(epoch), y(trace[epoch]), one.series, tip)


def _chosen(one: ReportRow) -> Iterator[str]:
    """Epochs of the chosen checkpoints."""
    for cell in one.row.cells:
        if cell.record.selection is not None and cell.record.selection.epoch is not None:
            yield str(cell.record.selection.epoch)


def held_out_metric(block: ReportSection) -> str:
    """The metric on held-out triplets by which checkpoints are chosen, as far as all cells have the same."""
    selections = [cell.record.selection for one in block.methods for cell in one.row.cells if cell.record.selection]
    names = {one.metric for one in selections if one.metric}
    return names.pop() if len(names) == 1 else "score, %"
