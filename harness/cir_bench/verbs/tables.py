"""Leaderboards as tables of a few columns, for a terminal, for Markdown and for a notebook (HTML)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup, escape
from tabulate import tabulate

from cir_bench.leaderboards import Leaderboard, Section
from cir_bench.leaderboards.columns import table_of
from cir_bench.leaderboards.escape import one_line
from cir_bench.leaderboards.facts import cautions
from cir_bench.leaderboards.markdown import Markdown
from cir_bench.leaderboards.text_format import TextFormat
from cir_bench.records.record import RunRecord

BESIDES = frozenset({"beats", "remarks"})
"""Kinds of columns that a table in Python has beside the main ones; the leaderboard's files have all of them."""


class TableResult(ABC):
    """A result that shows itself: ``str()`` in a terminal, a table in a notebook, a data frame of pandas."""

    @abstractmethod
    def __str__(self) -> str:
        """As plain text."""

    @abstractmethod
    def _repr_markdown_(self) -> str:
        """As Markdown."""

    @abstractmethod
    def _repr_html_(self) -> str:
        """As HTML, for notebooks."""

    @abstractmethod
    def to_pandas(self) -> Any:
        """As a ``pandas.DataFrame``."""

    def __repr__(self) -> str:
        return str(self)


class BoardResult(TableResult):
    """A result that is a leaderboard and the records behind it, which it iterates over."""

    records: tuple[RunRecord, ...]
    notes: tuple[str, ...]
    _board: Leaderboard

    def __iter__(self) -> Iterator[RunRecord]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __str__(self) -> str:
        return plain_board(self._board, self.notes)

    def _repr_markdown_(self) -> str:
        return markdown_board(self._board, self.notes)

    def _repr_html_(self) -> str:
        return html_board(self._board, self.notes)


class _Plain(Markdown):
    def plain(self, text: str) -> str:
        return one_line(text)

    def code(self, text: str) -> str:
        return one_line(text)


class _Html(Markdown):
    """Every text is escaped, so that what it writes may stand in a page as it is."""

    def plain(self, text: str) -> str:
        return str(escape(one_line(text)))

    def code(self, text: str) -> str:
        return f"<code>{self.plain(text)}</code>"


def plain_board(board: Leaderboard, notes: Sequence[str] = ()) -> str:
    """Sections with their cautions, as text."""
    pieces = []
    for section in board.sections:
        lines = [section.title, *(f"{word}: {why}" for word, why in cautions(section).items())]
        pieces.append("\n".join([*lines, "", _grid(section, _Plain(), "simple")]))
    return "\n\n".join([*pieces, *map(one_line, notes)])


def markdown_board(board: Leaderboard, notes: Sequence[str] = ()) -> str:
    """Sections with their cautions, as Markdown."""
    form = Markdown()
    pieces = []
    for section in board.sections:
        warned = [f"*{word}*: {form.plain(why)}" for word, why in cautions(section).items()]
        pieces += [f"**{form.plain(section.title)}**", *warned, _grid(section, form, "github")]
    return "\n\n".join([*pieces, *map(form.plain, notes)])


def html_board(board: Leaderboard, notes: Sequence[str] = ()) -> str:
    """Sections with their cautions, as HTML."""
    pieces = []
    for section in board.sections:
        pieces.append(Markup("<p><strong>{}</strong></p>").format(one_line(section.title)))
        pieces += [Markup("<p><em>{}</em>: {}</p>").format(*one) for one in cautions(section).items()]
        headings, rows = _entries(section, _Html())
        safe = [[Markup(one) for one in row] for row in (headings, *rows)]  # noqa: S704 (escaped by _Html)
        pieces.append(html_table(safe[0], safe[1:]))
    return Markup("\n").join([*pieces, *(Markup("<p>{}</p>").format(one_line(note)) for note in notes)])


def html_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A table; what is not `Markup` is escaped."""
    head = Markup("").join(Markup("<th>{}</th>").format(one) for one in headings)
    body = Markup("").join(_html_row(row) for row in rows)
    return Markup("<table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table>").format(head, body)


def _html_row(row: Sequence[str]) -> Markup:
    return Markup("<tr>{}</tr>\n").format(Markup("").join(Markup("<td>{}</td>").format(one) for one in row))


def _grid(section: Section, form: TextFormat, kind: str) -> str:
    headings, rows = _entries(section, form)
    return tabulate(rows, headings, tablefmt=kind, disable_numparse=True)


def _entries(section: Section, form: TextFormat) -> tuple[list[str], list[list[str]]]:
    """Headings and written entries of the columns that are shown; what is not ranked has no places."""
    table = table_of(section).only(
        lambda column: (column.main and (section.ranked or column.kind != "place")) or column.kind in BESIDES
    )
    headings = [form.plain(column.heading) for column in table.columns]
    return headings, [[form.entry(one) for one in row.entries] for row in table.rows]
