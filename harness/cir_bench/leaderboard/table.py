"""A section as a table of typed entries: Markdown, LaTeX, CSV and HTML are all written from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cir_bench.leaderboard.model import Interval, Reported, Row, Section, Value

PLACE, LABEL, METHOD, ENCODER, INTERVAL, SEEDS = "#", "row", "method", "encoder", "95 % interval", "seeds"
PARAMETERS, TRAINED, REMARKS, REPORTED = "parameters", "trained", "remarks", "reported "
TRAIN, QUERY, MEMORY, MACHINE = "train (s)", "ms/query", "peak (MiB)", "on"
COSTS = frozenset({TRAIN, QUERY, MEMORY, MACHINE})
"""Columns that differ between any two machines."""
NONE = "–"

Kind = Literal["place", "label", "name", "headline", "metric", "interval", "reported", "count", "cost", "remarks"]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        heading: in plain words, the same in every format.
        kind: what its entries are.
        metric: the key that a metric, its interval or a reported number is of; empty for other columns.
    """

    heading: str
    kind: Kind
    metric: str = ""


@dataclass(frozen=True)
class Text:
    """Words or a formatted number, not yet escaped.

    Attributes:
        text: what is shown.
        value: what it is sorted by; None: not at all.
        machines: the numbers of the machines that it was measured on, if the section has several.
    """

    text: str
    value: float | None = None
    machines: str = ""


@dataclass(frozen=True)
class Name:
    """A method with its variant, or an encoder."""

    name: str
    variant: str = ""


@dataclass(frozen=True)
class Measured:
    """A metric, and the labels of the rows that it beats, in ranges: ``b``, ``d-g``."""

    value: Value
    beats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quoted:
    """What papers report for a metric, each number with its source in words; may be empty."""

    numbers: tuple[tuple[Reported, str], ...]


Entry = Text | Name | Measured | Quoted | Interval


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
    def compared(self) -> bool:
        """Whether places are tie groups, from the queries; if not, they are the plain order of the means."""
        return any(one.row.group is not None for one in self.rows)

    def zipped(self, row: TableRow) -> list[tuple[Column, Entry | None]]:
        """A row's entries with their columns."""
        return list(zip(self.columns, row.entries, strict=True))


def table_of(section: Section, *, reported_of_parts: bool = True) -> Table:
    """The table of ``section``.

    Args:
        section: the section.
        reported_of_parts: also give papers' numbers for single parts (``dress/R@10``) columns.
    """
    columns = tuple(_columns(section, reported_of_parts))
    order = [row.label for row in section.rows if row.label]
    rows = [TableRow(row, tuple(_entry(section, row, column, order) for column in columns)) for row in section.rows]
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


def size(number: int) -> str:
    """``0``, ``812``, ``36.6 k``, ``1.05 M``: three digits."""
    rounded = float(f"{number:.3g}")
    for unit, name in ((1_000_000_000, " G"), (1_000_000, " M"), (1000, " k")):
        if rounded >= unit:
            return f"{rounded / unit:.3g}{name}"
    return str(number)


def _columns(section: Section, reported_of_parts: bool) -> Iterator[Column]:
    yield Column(PLACE, "place")
    if section.comparisons:
        yield Column(LABEL, "label")
    yield Column(METHOD, "name")
    if section.track == "paper":
        yield Column(ENCODER, "name")
    reported = {one.metric for row in section.rows for one in row.reported}
    for key in section.columns:
        yield Column(key, "headline" if key == section.headline else "metric", key)
        if key == section.headline and any(v.interval for row in section.rows for v in row.metrics.values()):
            yield Column(INTERVAL, "interval", key)
        if key in reported and (reported_of_parts or key.rpartition("/")[0] in {"", "mean"}):
            yield Column(REPORTED + key, "reported", key)
    yield Column(SEEDS, "count")
    yield Column(PARAMETERS, "cost")
    if any(row.trained_parameters != row.parameters for row in section.rows):
        yield Column(TRAINED, "cost")
    yield from (Column(heading, "cost") for heading in (TRAIN, QUERY, MEMORY))
    if len(section.places) > 1:
        yield Column(MACHINE, "cost")
    if any(row.remarks for row in section.rows):
        yield Column(REMARKS, "remarks")


def _entry(section: Section, row: Row, column: Column, order: Sequence[str]) -> Entry | None:
    if column.heading == METHOD:
        return Name(row.method, row.variant)
    if column.heading == ENCODER:
        return Name(row.encoder)
    if column.kind == "place":
        return Text(place_of(section, row))
    if column.kind == "count":
        return Text(_seeds(section, row), len(row.seeds))
    if column.kind == "remarks":
        return Text(row.remark if row.remarks else "")
    if row.kind == "failed":
        return None
    if column.kind == "label":
        return Text(row.label if row.group is not None else "")
    if column.kind == "reported":
        found = [one for one in row.reported if one.metric == column.metric]
        return Quoted(tuple((one, one.source(row.encoder)) for one in found))
    if column.kind == "cost":
        return _cost(section, row, column.heading)
    value = row.metrics.get(column.metric)
    if column.kind == "interval":
        return value.interval if value and value.interval else Text(NONE)
    if value is None:
        return Text(NONE)
    return Measured(value, ranges(row.beats, order) if column.kind == "headline" else ())


def _seeds(section: Section, row: Row) -> str:
    """How many; also which ones, unless all rows of the table have the same."""
    if len({one.seeds for one in section.rows}) == 1:
        return str(len(row.seeds))
    return f"{len(row.seeds)} ({' '.join(map(str, row.seeds))})"


def _cost(section: Section, row: Row, heading: str) -> Text:
    numbers = [section.places.index(place) + 1 for place in row.places] if len(section.places) > 1 else []
    machines = " ".join(map(str, numbers))
    if heading == PARAMETERS:
        return Text(size(row.parameters), row.parameters)
    if heading == TRAINED:
        return Text(size(row.trained_parameters), row.trained_parameters)
    if heading == TRAIN:
        return Text(f"{row.train_seconds:.1f}", row.train_seconds, machines)
    if heading == QUERY:
        return Text(f"{row.query_milliseconds:.3f}", row.query_milliseconds, machines)
    if heading == MEMORY:
        return Text(f"{row.peak_memory_mib:.0f}", row.peak_memory_mib or None, machines)
    return Text(machines or NONE, numbers[0] if numbers else None)
