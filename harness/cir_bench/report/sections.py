"""The leaderboard's sections as the report shows them: every row with its colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cir_bench.leaderboards import Row, Section, build
from cir_bench.leaderboards.facts import cautions
from cir_bench.records.load import StoredRecord
from cir_bench.report.svg import COLOURS, Series

GREY = 2 * COLOURS
"""The first of the grey styles, for what learns nothing."""
GREYS = 4
MOST_DRAWN = 16
"""Series in one chart; more cannot be told apart."""


@dataclass(frozen=True, eq=False)
class ReportRow:
    """A row of the leaderboard, and how it is drawn in every chart of its section."""

    row: Row
    series: Series

    @property
    def name(self) -> str:
        """Method, with what was changed of it in brackets."""
        return self.series.name


@dataclass(frozen=True, eq=False)
class ReportSection:
    """A section of the leaderboard; ``number``, from 1, is part of file names and anchors."""

    number: int
    section: Section
    rows: tuple[ReportRow, ...]

    @property
    def finished(self) -> list[ReportRow]:
        """The rows with numbers."""
        return [one for one in self.rows if one.row.kind != "failed"]

    @property
    def methods(self) -> list[ReportRow]:
        """The rows with numbers except sentinels, best first."""
        return [one for one in self.finished if one.row.kind != "sentinel"]

    @property
    def several_seeds(self) -> bool:
        """Whether any row has several seeds, so that numbers are followed by a ±."""
        return any(len(one.row.seeds) > 1 for one in self.finished)

    @property
    def drawn(self) -> list[ReportRow]:
        """The rows that charts show: all, or (of more than `MOST_DRAWN`) the best of each method."""
        if len(self.finished) <= MOST_DRAWN:
            return self.finished
        best = {(one.row.method, one.row.tuning): one for one in reversed(self.finished)}
        return [one for one in self.finished if best[one.row.method, one.row.tuning] is one][:MOST_DRAWN]

    @property
    def undrawn(self) -> str:
        """A sentence that says which rows charts leave out; empty if they show all."""
        left = len(self.finished) - len(self.drawn)
        return f" Of {len(self.finished)} rows the best of each method; the table has all." if left else ""

    @cached_property
    def conditions(self) -> str:
        """What the numbers of this section were measured under, in one line, for below every chart."""
        section = self.section
        parts = [f"{section.benchmark}/{section.protocol}", f"{section.track} track"]
        parts += [", ".join(use.name for use in section.encoders)] if section.encoders else []
        if section.n_queries:
            parts.append(f"{sum(section.n_queries.values()):,} queries, {sum(section.n_gallery.values()):,} images")
        parts.append(("seeds " if len(section.seeds) > 1 else "seed ") + ", ".join(map(str, section.seeds)))
        return " · ".join([*parts, *cautions(section)])


def report_sections(records: Sequence[StoredRecord]) -> tuple[ReportSection, ...]:
    """The leaderboard's sections of these cells."""
    return tuple(
        ReportSection(number, section, tuple(_with_series(section.rows)))
        for number, section in enumerate(build(records).sections, start=1)
    )


def _with_series(rows: Sequence[Row]) -> list[ReportRow]:
    """What learns gets a colour, in the order of the rows; the rest is grey."""
    colours = greys = 0
    found = []
    for row in rows:
        if row.kind == "method" or (row.kind == "baseline" and row.trained_parameters):
            style = colours % GREY
            colours += 1
        else:
            style = GREY + greys % GREYS
            greys += 1
        found.append(ReportRow(row, Series(row.name, style)))
    return found
