"""What a report is made of: the leaderboard's sections, and behind every row the cells that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cir_bench.leaderboard import Row, Section, build
from cir_bench.records.load import StoredRecord
from cir_bench.records.rankings import load_ranking, ranking_path
from cir_bench.retrieval.ranking import Ranking

COLOURS = 8
"""Series 0 … 7 have a colour each, and again with dashes; what learns nothing is grey."""
GREY = 2 * COLOURS
"""The first of the grey series."""
GREYS = 4
MOST_DRAWN = 16
"""Lines in one chart; more cannot be told apart."""


@dataclass(frozen=True, eq=False)
class Line:
    """One row of a section with its cells.

    Attributes:
        row: the leaderboard's row.
        cells: the finished cells behind it, in the order of ``row.seeds``; none for a row that did not run.
        series: how it is drawn, the same in every chart of the section.
    """

    row: Row
    cells: tuple[StoredRecord, ...]
    series: int

    @property
    def name(self) -> str:
        """Method, and what was changed of it."""
        return f"{self.row.method} ({self.row.variant})" if self.row.variant else self.row.method


@dataclass(frozen=True, eq=False)
class Block:
    """One section with its lines.

    Attributes:
        number: its place in the report, from 1; part of file names and anchors.
        section: the leaderboard's section.
        lines: all rows, in the leaderboard's order.
    """

    number: int
    section: Section
    lines: tuple[Line, ...]

    @property
    def anchor(self) -> str:
        """Its id in the page."""
        return f"t{self.number}"

    @property
    def finished(self) -> list[Line]:
        """The lines with numbers."""
        return [line for line in self.lines if line.row.kind != "failed"]

    @property
    def drawn(self) -> list[Line]:
        """The lines that charts show: all, or (of more than `MOST_DRAWN`) the best of each method."""
        if len(self.finished) <= MOST_DRAWN:
            return self.finished
        best = {line.row.method: line for line in reversed(self.finished)}
        return [line for line in self.finished if best[line.row.method] is line][:MOST_DRAWN]

    @property
    def undrawn(self) -> str:
        """A sentence that says which lines charts leave out; empty when they show all."""
        left = len(self.finished) - len(self.drawn)
        return f" Of {len(self.finished)} rows the best of each method; the table has all." if left else ""

    @property
    def methods(self) -> list[Line]:
        """The lines with numbers that are no sentinels, best first."""
        return [line for line in self.finished if line.row.kind != "sentinel"]

    @cached_property
    def conditions(self) -> str:
        """What a number of this section was measured under, in one line: it stands below every chart."""
        section = self.section
        parts = [f"{section.benchmark}/{section.protocol}", f"{section.track} track"]
        parts += [", ".join(use.name for use in section.encoders)] if section.encoders else []
        if section.n_queries:
            parts.append(f"{sum(section.n_queries.values()):,} queries, {sum(section.n_gallery.values()):,} images")
        parts.append(("seeds " if len(section.seeds) > 1 else "seed ") + ", ".join(map(str, section.seeds)))
        parts += [word for word, _ in cautions(section)]
        return " · ".join(parts)


def cautions(section: Section) -> list[tuple[str, str]]:
    """What every number of the section must say of itself: a word and its sentence."""
    found = []
    if section.synthetic:
        found.append(("synthetic", "The images are rendered by a program; a result here is no result on photographs."))
    if any(use.pixel_free for use in section.encoders):
        found.append(
            (
                "pixel-free",
                "Images are represented by something else than their pixels (captions, stored features).",
            )
        )
    if section.missing_images or section.missing_triplets:
        found.append(
            (
                "partial",
                f"{section.missing_images:,} images of the evaluation and images of {section.missing_triplets:,} "
                "training triplets are missing; these numbers do not compare with those on the whole.",
            )
        )
    return found


def blocks(loaded: Sequence[StoredRecord]) -> tuple[Block, ...]:
    """The leaderboard's sections of these cells, with the cells behind their rows."""
    by_folder = {str(one.folder): one for one in loaded}
    made = []
    for number, section in enumerate(build(loaded).sections, start=1):
        series = _series(section.rows)
        lines = [
            Line(row, tuple(by_folder[folder] for folder in row.cells if folder in by_folder), series[place])
            for place, row in enumerate(section.rows)
        ]
        made.append(Block(number, section, tuple(lines)))
    return tuple(made)


def ranking_of(cell: StoredRecord, part: str) -> Ranking | None:
    """The stored ranking of one part with its top lists; None where the run's rankings were not kept.

    Raises:
        DataError: the file is damaged.
    """
    path = ranking_path(cell.folder, part)
    return load_ranking(path) if path.is_file() else None


def _series(rows: Sequence[Row]) -> list[int]:
    """What learns by colour, first come first; the rest in grey."""
    colours = greys = 0
    found = []
    for row in rows:
        if row.kind == "method" or (row.kind == "baseline" and row.trained_parameters):
            found.append(colours % GREY)
            colours += 1
        else:
            found.append(GREY + greys % GREYS)
            greys += 1
    return found
