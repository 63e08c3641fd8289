"""What tuning brought: the best held-out score by the number of trials, for each row that was tuned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from cir_bench.leaderboards.escape import one_line
from cir_bench.leaderboards.table import size
from cir_bench.records.tuning import Trial, TuningRecord
from cir_bench.report.end_labels import end_labels, labelled_x_axis, pair_of, short_names
from cir_bench.report.figures import Figure, Numbers, percent
from cir_bench.report.learning import held_out_metric
from cir_bench.report.sections import ReportRow, ReportSection
from cir_bench.report.svg import LEFT, Axis, Point, chart, mark, selectable_line, y_axis

Tuned = dict[ReportRow, TuningRecord]
Best = Sequence[tuple[int, float]]
"""The trials, counted from 1, that were better than all before, with their scores."""


def tuning_figure(block: ReportSection) -> Figure | None:
    """The best held-out score by the number of trials; None if no tuning of a row is among the records."""
    tuned = {one: record for one in block.drawn if (record := _tuning(one)) and _best(record)}
    if not tuned:
        return None
    metric = held_out_metric(block)
    picture = _chart(tuned, metric)
    lacking = [one.name for one in block.drawn if one.row.tuning and one not in tuned]
    note = f"Best held-out {metric} so far; a mark where a trial improved it. The first trial is the method as it was."
    if lacking:
        note += f" The trials of {', '.join(lacking)} are not among the records."
    heads = ["trials", "before", "best", "in trial", "stopped", "failed", "chosen"]
    numbers = Numbers(heads, [(one.name, list(_numbers(record))) for one, record in tuned.items()])
    legend, pair = [one.series for one in tuned], pair_of(list(tuned))
    return Figure("Tuning", note + block.undrawn, [("", picture)], numbers, legend, pair)


def _tuning(one: ReportRow) -> TuningRecord | None:
    return next((cell.tuning for cell in one.row.cells if cell.tuning is not None), None)


def _best(record: TuningRecord) -> Best:
    found: list[tuple[int, float]] = []
    for number, trial in enumerate(record.trials, start=1):
        if trial.score is not None and (not found or trial.score > found[-1][1]):
            found.append((number, trial.score))
    return found


def _chart(tuned: Tuned, metric: str) -> Markup:
    names = short_names(list(tuned))
    most = max(2, *(len(record.trials) for record in tuned.values()))
    x = Axis(1.0, float(most), LEFT + 6, labelled_x_axis([1.0], list(tuned)).end)
    y = y_axis([score for record in tuned.values() for _, score in _best(record)])
    ends = {one: (x(len(record.trials)), y(_best(record)[-1][1])) for one, record in tuned.items()}
    marks = list(end_labels(ends))
    for one, record in tuned.items():
        marks += selectable_line(list(_steps(record, x, y)), one.series)
        for number, score in _best(record):
            tip = f"{one.name}: {score:.2f} in trial {number} ({_values(record.trials[number - 1])})"
            marks.append(mark(x(number), y(score), one.series, tip))
    ticks = [(value, size(value)) for value in x.ticks() if value == int(value)]
    pairs = zip(names, tuned.values(), strict=True)
    found = (f"{name} {_best(record)[-1][1]:.2f} after {len(record.trials)}" for name, record in pairs)
    title = f"Best held-out {metric} by number of trials: {', '.join(found)}"
    return chart(marks, x, y, title=title, x_name="trials", y_name=f"held-out {metric}", x_ticks=ticks)


def _steps(record: TuningRecord, x: Axis, y: Axis) -> Iterator[Point]:
    """A line that rises where a trial was better, and goes on to the last trial."""
    before: float | None = None
    for number, score in _best(record):
        if before is not None:
            yield x(number), y(before)
        yield x(number), y(score)
        before = score
    assert before is not None
    yield x(len(record.trials)), y(before)


def _numbers(record: TuningRecord) -> Iterator[str]:
    number, score = _best(record)[-1]
    yield str(len(record.trials))
    yield percent(record.trials[0].score)
    yield percent(score)
    yield str(number)
    yield from (str(sum(trial.state == state for trial in record.trials)) for state in ("stopped", "failed"))
    yield _values(record.trials[number - 1])


def _values(trial: Trial) -> str:
    return one_line(", ".join(f"{name}={value:g}" for name, value in trial.values.items()))
