"""`TextFormat`: what Markdown and LaTeX share in writing the entries of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from cir_bench.leaderboards.model import Interval, Reported
from cir_bench.leaderboards.table import Entry, MetricEntry, NameEntry, ReportedEntry, Table


class TextFormat(ABC):
    """How a format writes text, names and numbers."""

    @abstractmethod
    def plain(self, text: str) -> str:
        """Text on one line, escaped so that it marks nothing up."""

    @abstractmethod
    def code(self, text: str) -> str:
        """A name."""

    @abstractmethod
    def superscript(self, text: str) -> str:
        """Labels, ranges of them and spaces."""

    plus_minus = " ± "

    def entry(self, entry: Entry | None, letters: Mapping[str, str]) -> str:
        """An entry of a table; ``letters`` stand for the sources of reported numbers."""
        match entry:
            case None:
                return ""
            case NameEntry():
                return self.code(entry.name) + (f" ({self.code(entry.variant)})" if entry.variant else "")
            case Interval():
                return f"[{entry.low:.2f}, {entry.high:.2f}]"
            case MetricEntry():
                spread = "" if entry.value.sd is None else f"{self.plus_minus}{entry.value.sd:.2f}"
                beats = self.superscript(" ".join(entry.beats)) if entry.beats else ""
                return f"{entry.value.mean:.2f}{spread}{beats}"
            case ReportedEntry():
                return "; ".join(sorted(_reported(number, letters[source]) for number, source in entry.numbers))
            case _:
                return self.plain(entry.text)


def _reported(number: Reported, letter: str) -> str:
    difference = "" if number.difference is None else f" {number.difference:+.2f}"
    return f"{number.value:.2f} ({letter}){difference}"


def source_letters(table: Table) -> dict[str, str]:
    """A letter for each source of reported numbers, in alphabetical order of the sources."""
    quoted = [entry for row in table.rows for entry in row.entries if isinstance(entry, ReportedEntry)]
    sources = sorted({source for entry in quoted for _, source in entry.numbers})
    return {source: _letter(place) for place, source in enumerate(sources)}


def _letter(place: int) -> str:
    rest, last = divmod(place, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("A") + last)
