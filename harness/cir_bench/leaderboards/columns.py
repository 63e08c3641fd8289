"""Which columns the table of a section has, which of them come first, and each one's entry for a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from cir_bench.evaluation.measure import MEAN
from cir_bench.evaluation.metrics import lower_is_better, says_nothing
from cir_bench.leaderboards.budgets import ranked_together
from cir_bench.leaderboards.model import Row, Section
from cir_bench.leaderboards.table import (
    BEATS,
    COSTS,
    ENCODER,
    MACHINE,
    MEMORY,
    METHOD,
    MOST_MAIN,
    NONE,
    PARAMETERS,
    PLACE,
    QUERY,
    REMARKS,
    REPORTED,
    SEEDS,
    TRAIN,
    TRAINED,
    TUNING,
    BeatsEntry,
    Column,
    Entry,
    MetricEntry,
    NameEntry,
    ReportedEntry,
    Table,
    TextEntry,
    place_of,
    size,
    table_with,
)


def table_of(section: Section, *, every_metric: bool = False) -> Table:
    """The table of ``section``; with ``every_metric`` also metrics that say nothing (`metrics_shown`)."""
    metrics = section.columns if every_metric else metrics_shown(section)
    fixed = [*_leading(section), *_following(section)]
    room = MOST_MAIN - 1 - sum(column.main for column in fixed)
    main = _main_metrics(section, metrics, room)
    measured = [column for key in metrics for column in _metric_columns(section, key, key in main)]
    return table_with(section, [*_leading(section), *measured, *_following(section)])


def metrics_shown(section: Section) -> tuple[str, ...]:
    """The metrics that have a column: all but a recall whose cut-off is not smaller than any gallery it is over.

    Such a number is 100 for every method. The headline always has a column, since the table is sorted by it.
    """
    return tuple(key for key in section.columns if key == section.headline or not _says_nothing(section, key))


def _says_nothing(section: Section, key: str) -> bool:
    part, _, name = key.rpartition("/")
    galleries = [section.n_gallery[part]] if part in section.n_gallery else section.n_gallery.values()
    return bool(galleries) and says_nothing(name, max(galleries))


def _main_metrics(section: Section, metrics: Sequence[str], room: int) -> set[str]:
    """The headline, what it is a mean of, and further metrics over the whole benchmark as far as there is room."""
    whole = [key for key in metrics if key.rpartition("/")[0] in {"", MEAN} and key != section.headline]
    first = [key for key in whole if key in section.headline_of]
    return {section.headline, *[*first, *(key for key in whole if key not in first)][:room]}


def _leading(section: Section) -> Iterator[Column]:
    yield Column(PLACE, "place", lambda row: TextEntry(place_of(section, row)), main=True)
    yield Column(METHOD, "name", lambda row: NameEntry(row.method, row.variant), main=True)
    if section.track == "paper":
        yield Column(ENCODER, "name", lambda row: NameEntry(row.encoder), main=True)


def _following(section: Section) -> Iterator[Column]:
    if section.comparisons:
        tip = "the rows that it is better than: p < 0.05, corrected"
        yield Column(BEATS, "beats", lambda row: _beats(section, row), tip=tip)
    if any(row.tuning for row in section.rows):
        tip = "trials × epochs of each, on held-out train triplets; –: not tuned"
        yield Column(TUNING, "count", _tuning, tip=tip)
    yield Column(SEEDS, "count", lambda row: _seeds(section, row), tip="number of seeds", main=True)
    yield from _cost_columns(section)
    if any(row.remarks for row in section.rows):
        yield Column(REMARKS, "remarks", lambda row: TextEntry(row.remark if row.remarks else ""))


def _metric_columns(section: Section, key: str, main: bool) -> Iterator[Column]:
    """A metric, and what papers report for it."""
    headline, low = key == section.headline, lower_is_better(key)

    def measured(row: Row) -> Entry:
        return MetricEntry(row.metrics[key], headline, low) if key in row.metrics else TextEntry(NONE)

    def reported(row: Row) -> Entry:
        return ReportedEntry(tuple((one, one.source(row.encoder)) for one in row.reported if one.metric == key))

    unit = "rank" if key.endswith("median_rank") else "percent"
    tip = f"{key}, {unit}, mean over seeds{': the table is sorted by it' if headline else ''}"
    yield Column(key, "headline" if headline else "metric", measured, key, tip, low, main)
    if any(one.metric == key for row in section.rows for one in row.reported):
        yield Column(REPORTED + key, "reported", reported, key, f"{key} as papers report it; never ranked")


def _beats(section: Section, row: Row) -> Entry:
    """The rows that ``row`` beats, in the order of the table; three or more neighbours by the first and the last."""
    together = ranked_together(section.rows)
    number = together[section.rows.index(row)]
    pairs = zip(section.rows, together, strict=True)
    compared = [one for one, other in pairs if other == number and one.group is not None]
    methods = [one.method for one in compared]
    runs: list[list[NameEntry]] = []
    last = -2
    for place, one in enumerate(compared):
        if one.label in row.beats:
            name = NameEntry(one.method, one.variant if methods.count(one.method) > 1 else "")
            if place != last + 1:
                runs.append([])
            runs[-1].append(name)
            last = place
    if not runs:
        return TextEntry(NONE if row.group is not None else "")
    short = [[(run[0], run[-1])] if len(run) > 2 else [(name,) for name in run] for run in runs]
    return BeatsEntry(tuple(names for run in short for names in run))


_COST_FORMATS: tuple[tuple[str, str, Callable[[Any], str], Callable[[Row], float | None]], ...] = (
    (PARAMETERS, "learned numbers of the method, without the encoder", size, lambda row: row.parameters),
    (TRAINED, "numbers changed by training, the encoder's included", size, lambda row: row.trained_parameters),
    (TRAIN, "training, seconds, mean over seeds", "{:.1f}".format, lambda row: row.train_seconds),
    (QUERY, "composing and searching, with features at hand", "{:.3f}".format, lambda row: row.query_milliseconds),
    (MEMORY, "peak memory", "{:.0f}".format, lambda row: row.peak_memory_mib or None),
)
"""Heading, tooltip, format and value of each cost."""


def _cost_columns(section: Section) -> Iterator[Column]:
    for heading, tip, form, value in _COST_FORMATS:
        if heading != TRAINED or any(row.trained_parameters != row.parameters for row in section.rows):
            on = f"; on {'; '.join(section.places) or 'unknown machine'}" if heading in COSTS else ""
            entry = partial(_cost, section, heading, form, value)
            main = heading in {PARAMETERS, QUERY}
            yield Column(heading, "cost", entry, tip=tip + on, lower_is_better=True, main=main)
    if len(section.places) > 1:
        tip = "where it was measured, see above: times and memory compare only within one number"
        yield Column(MACHINE, "cost", partial(_machine, section), tip=tip, lower_is_better=True)


def _cost(
    section: Section, heading: str, form: Callable[[Any], str], value: Callable[[Row], float | None], row: Row
) -> TextEntry:
    if heading not in COSTS:
        return TextEntry(form(value(row)), value(row))
    if row.kind == "sentinel":  # it does nothing that is worth timing
        return TextEntry(NONE)
    machines = " ".join(map(str, _machines(section, row)))
    return TextEntry(form(value(row) or 0), value(row), "; ".join(row.places), machines)


def _machine(section: Section, row: Row) -> TextEntry:
    numbers = _machines(section, row) if row.kind != "sentinel" else []
    return TextEntry(" ".join(map(str, numbers)) or NONE, min(numbers, default=None), "; ".join(row.places))


def _machines(section: Section, row: Row) -> list[int]:
    """The numbers of the machines that a row ran on; none if the section has only one."""
    return [section.places.index(place) + 1 for place in row.places] if len(section.places) > 1 else []


def _tuning(row: Row) -> TextEntry:
    budget = row.tuning
    return TextEntry(str(budget), budget.trials * budget.epochs) if budget else TextEntry(NONE)


def _seeds(section: Section, row: Row) -> TextEntry:
    """How many; also which ones, unless all rows of the table have the same."""
    same = len({one.seeds for one in section.rows}) == 1
    text = str(len(row.seeds)) if same else f"{len(row.seeds)} ({' '.join(map(str, row.seeds))})"
    return TextEntry(text, len(row.seeds), f"seeds {', '.join(map(str, row.seeds))}")
