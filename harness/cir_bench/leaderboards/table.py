"""A section as a table of typed entries: Markdown, LaTeX, CSV and HTML are all written from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Literal

from cir_bench.leaderboards.budgets import ranked_together
from cir_bench.leaderboards.model import Row, Section
from cir_bench.leaderboards.values import Reported, Value

PLACE, METHOD, ENCODER, BEATS, SEEDS, TUNING = "#", "method", "encoder", "beats", "seeds", "tuning"
PARAMETERS, TRAINED, REMARKS, REPORTED = "parameters", "trained", "remarks", "reported "
TRAIN, QUERY, MEMORY, MACHINE = "train (s)", "ms/query", "peak (MiB)", "on"
COSTS = frozenset({TRAIN, QUERY, MEMORY, MACHINE})
"""Columns that differ between any two machines."""
NONE = "–"
SHARED = "="
"""Follows a place that several rows share."""
MOST_MAIN = 9
"""Columns of the main table, which fits a page of GitHub; all others stand in a second one."""

ColumnKind = Literal["place", "name", "headline", "metric", "beats", "reported", "count", "cost", "remarks"]
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
    """A metric; of the ``headline`` the interval is shown, too."""

    value: Value
    headline: bool = False
    lower_is_better: bool = False


@dataclass(frozen=True)
class BeatsEntry:
    """The rows that a row beats: each run of neighbours as one or two names, or by the first and the last (``to``)."""

    runs: tuple[tuple[NameEntry, ...], ...]


@dataclass(frozen=True)
class ReportedEntry:
    """What papers report for a metric, each number with its source in words; may be empty."""

    numbers: tuple[tuple[Reported, str], ...]


Entry = TextEntry | NameEntry | MetricEntry | BeatsEntry | ReportedEntry


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
    main: bool = False
    """Whether it is one of the few that are shown first."""


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

    def only(self, wanted: Callable[[Column], bool]) -> Table:
        """The same table with some of its columns."""
        kept = [wanted(column) for column in self.columns]
        rows = tuple(TableRow(row.row, tuple(compress(row.entries, kept))) for row in self.rows)
        return Table(self.section, tuple(compress(self.columns, kept)), rows)

    def zipped(self, row: TableRow) -> list[tuple[Column, Entry | None]]:
        """A row's entries with their columns."""
        return list(zip(self.columns, row.entries, strict=True))


def table_with(section: Section, columns: Sequence[Column]) -> Table:
    """The table of ``section`` with these columns."""
    rows = []
    for row in section.rows:
        shown = [row.kind != "failed" or column.kind in OF_FAILED for column in columns]
        entries = [column.entry(row) if show else None for column, show in zip(columns, shown, strict=True)]
        rows.append(TableRow(row, tuple(entries)))
    return Table(section, tuple(columns), tuple(rows))


def place_of(section: Section, row: Row) -> str:
    """Place of the tie group, marked if rows share it; in brackets the bare place of a row that was not compared."""
    if row.group is not None:
        together = ranked_together(section.rows)
        number = together[section.rows.index(row)]
        places = [one.group for one, other in zip(section.rows, together, strict=True) if other == number]
        return f"{row.group}{SHARED if places.count(row.group) > 1 else ''}"
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
