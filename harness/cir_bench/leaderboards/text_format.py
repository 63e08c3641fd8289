"""`TextFormat`: what Markdown and LaTeX share in writing the entries of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cir_bench.leaderboards.table import BeatsEntry, Entry, MetricEntry, NameEntry, ReportedEntry
from cir_bench.leaderboards.values import Reported


class TextFormat(ABC):
    """How a format writes text, names and numbers."""

    plus_minus = " ± "

    @abstractmethod
    def plain(self, text: str) -> str:
        """Text on one line, escaped so that it marks nothing up."""

    @abstractmethod
    def code(self, text: str) -> str:
        """A name."""

    def name(self, entry: NameEntry) -> str:
        """A method with its variant, or an encoder."""
        return self.code(entry.name) + (f" ({self.code(entry.variant)})" if entry.variant else "")

    def metric(self, entry: MetricEntry) -> str:
        """Mean and standard deviation."""
        spread = "" if entry.value.sd is None else f"{self.plus_minus}{entry.value.sd:.2f}"
        return f"{entry.value.mean:.2f}{spread}"

    def reported(self, number: Reported, source: str) -> str:
        """A reported number, with the difference to the measured one in brackets. ``source`` says where it is from."""
        difference = "" if number.difference is None else f" ({number.difference:+.2f})"
        return f"{number.value:.2f}{difference}"

    def entry(self, entry: Entry | None) -> str:
        """An entry of a table; a time is followed by the number of its machine, if there are several."""
        match entry:
            case None:
                return ""
            case NameEntry():
                return self.name(entry)
            case MetricEntry():
                return self.metric(entry)
            case BeatsEntry():
                return ", ".join(" to ".join(map(self.name, run)) for run in entry.runs)
            case ReportedEntry():
                return "; ".join(sorted(self.reported(number, source) for number, source in entry.numbers))
            case _:
                return self.plain(entry.text) + (f" ({entry.machines})" if entry.machines else "")
