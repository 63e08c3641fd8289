"""A section as a table of typed entries: Markdown, LaTeX, CSV and HTML are all written from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from cir_bench.leaderboards.model import LOWER_IS_BETTER, Interval, Reported, Row, Section, Value

PLACE, LABEL, METHOD, ENCODER, INTERVAL, SEEDS = "#", "row", "method", "encoder", "95 % interval", "seeds"
PARAMETERS, TRAINED, REMARKS, REPORTED = "parameters", "trained", "remarks", "reported "
TUNING = "tuning"
TRAIN, QUERY, MEMORY, MACHINE = "train (s)", "ms/query", "peak (MiB)", "on"
COSTS = frozenset({TRAIN, QUERY, MEMORY, MACHINE})
"""Columns that differ between any two machines."""
NONE = "–"

ColumnKind = Literal["place", "label", "name", "headline", "metric", "interval", "reported", "count", "cost", "remarks"]
OF_FAILED = frozenset({"place", "name", "count", "remarks"})
"""Kinds of columns that have an entry for cells that did not run."""


@dataclass(frozen=True)
class TextEntry:
    """Words or a formatted number, not yet escaped."""

    text: str
    value: float | None = None
    """What it is sorted by; None: not at all."""
    tip: str = ""
    machines: str = ""
    """The numbers of those that it was measured on, if the section has several."""


@dataclass(frozen=True)
class NameEntry:
    """A method with its variant, or an encoder."""

    name: str
    variant: str = ""


@dataclass(frozen=True)
class MetricEntry:
    """A metric, and the labels of the rows that it beats, in ranges: ``b``, ``d-g``."""

    value: Value
    beats: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportedEntry:
    """What papers report for a metric, each number with its source in words; may be empty."""

    numbers: tuple[tuple[Reported, str], ...]


Entry = TextEntry | NameEntry | MetricEntry | ReportedEntry | Interval


@dataclass(frozen=True)
class Column:
    """A column: its heading is the same in every format, ``entry`` gives its entry for a row."""

    heading: str
    kind: ColumnKind
    entry: Callable[[Row], Entry]
    metric: str = ""
    """The key that a metric, its interval or a reported number is of; empty for other columns."""
    tip: str = ""
    lower_is_better: bool = False


@dataclass(frozen=True)
class TableRow:
    """A row with an entry for each column; None for the numbers of a cell that did not run."""

    row: Row
    entries: tuple[Entry | None, ...]


@dataclass(frozen=True)
class Table:
    """The table of a section."""

    section: Section
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]

    @property
    def tuned(self) -> bool:
        """Whether it has the column of tuning budgets."""
        return any(column.heading == TUNING for column in self.columns)

    @property
    def compared(self) -> bool:
        """Whether places are tie groups, from the queries; if not, they are the plain order of the means."""
        return any(one.row.group is not None for one in self.rows)

    def zipped(self, row: TableRow) -> list[tuple[Column, Entry | None]]:
        """A row's entries with their columns."""
        return list(zip(self.columns, row.entries, strict=True))


def table_of(section: Section, *, reported_of_parts: bool = True) -> Table:
    """The table of ``section``; with ``reported_of_parts`` also papers' numbers for single parts (``dress/R@10``)."""
    columns = tuple(_columns(section, reported_of_parts))
    rows = []
    for row in section.rows:
        shown = [row.kind != "failed" or column.kind in OF_FAILED for column in columns]
        entries = [column.entry(row) if show else None for column, show in zip(columns, shown, strict=True)]
        rows.append(TableRow(row, tuple(entries)))
    return Table(section, columns, tuple(rows))


def ranges(labels: Sequence[str], order: Sequence[str]) -> tuple[str, ...]:
    """Labels in short: those that follow each other in ``order`` are joined, three or more as a range ``d-g``."""
    runs: list[list[int]] = []
    for place in sorted(map(order.index, labels)):
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    names = [[order[place] for place in run] for run in runs]
    return tuple(f"{run[0]}-{run[-1]}" if len(run) > 2 else " ".join(run) for run in names)


def place_of(section: Section, row: Row) -> str:
    """Place of the tie group; in brackets the bare place of a row that could not be compared."""
    if row.group is not None:
        return str(row.group)
    if row.rank is None:
        return NONE
    return f"({row.rank})" if section.comparisons else str(row.rank)


def size(number: float) -> str:
    """``0``, ``0.05``, ``812``, ``36.6 k``, ``1.05 M``: three digits."""
    rounded = float(f"{number:.3g}")
    for unit, name in ((1_000_000_000, " G"), (1_000_000, " M"), (1000, " k")):
        if abs(rounded) >= unit:
            return f"{rounded / unit:.3g}{name}"
    return f"{rounded:g}"


def _columns(section: Section, reported_of_parts: bool) -> Iterator[Column]:
    yield Column(PLACE, "place", lambda row: TextEntry(place_of(section, row)))
    if section.comparisons:
        yield Column(LABEL, "label", lambda row: TextEntry(row.label if row.group is not None else ""))
    yield Column(METHOD, "name", lambda row: NameEntry(row.method, row.variant))
    if section.track == "paper":
        yield Column(ENCODER, "name", lambda row: NameEntry(row.encoder))
    for key in section.columns:
        yield from _metric_columns(section, key, reported_of_parts)
    if any(row.tuning for row in section.rows):
        tip = "trials × epochs of each, on held-out train triplets; –: not tuned"
        yield Column(TUNING, "count", _tuning, tip=tip)
    yield Column(SEEDS, "count", lambda row: _seeds(section, row), tip="number of seeds")
    yield from _cost_columns(section)
    if any(row.remarks for row in section.rows):
        yield Column(REMARKS, "remarks", lambda row: TextEntry(row.remark if row.remarks else ""))


def _metric_columns(section: Section, key: str, reported_of_parts: bool) -> Iterator[Column]:
    """A metric, its interval if it is the headline, and what papers report for it."""
    part, _, name = key.rpartition("/")
    headline, low = key == section.headline, name in LOWER_IS_BETTER
    order = [row.label for row in section.rows if row.label]

    def measured(row: Row) -> Entry:
        beats = ranges(row.beats, order) if headline else ()
        return MetricEntry(row.metrics[key], beats) if key in row.metrics else TextEntry(NONE)

    def interval(row: Row) -> Entry:
        return (row.metrics[key].interval if key in row.metrics else None) or TextEntry(NONE)

    def reported(row: Row) -> Entry:
        return ReportedEntry(tuple((one, one.source(row.encoder)) for one in row.reported if one.metric == key))

    tip = f"{key}, {'rank' if low else 'percent'}, mean over seeds{': the table is sorted by it' if headline else ''}"
    yield Column(key, "headline" if headline else "metric", measured, key, tip, low)
    if headline and any(value.interval for row in section.rows for value in row.metrics.values()):
        yield Column(INTERVAL, "interval", interval, key)
    has_reported = any(one.metric == key for row in section.rows for one in row.reported)
    if has_reported and (reported_of_parts or part in {"", "mean"}):
        yield Column(REPORTED + key, "reported", reported, key, f"{key} as papers report it; never ranked")


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
            yield Column(heading, "cost", entry, tip=tip + on, lower_is_better=True)
    if len(section.places) > 1:
        tip = "where it was measured, see above: times and memory compare only within one number"
        yield Column(MACHINE, "cost", partial(_machine, section), tip=tip, lower_is_better=True)


def _cost(
    section: Section, heading: str, form: Callable[[Any], str], value: Callable[[Row], float | None], row: Row
) -> TextEntry:
    if heading not in COSTS:
        return TextEntry(form(value(row)), value(row))
    machines = " ".join(map(str, _machines(section, row)))
    return TextEntry(form(value(row) or 0), value(row), "; ".join(row.places), machines)


def _machine(section: Section, row: Row) -> TextEntry:
    numbers = _machines(section, row)
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
