"""`Leaderboard` to Markdown; the same leaderboard gives the same bytes."""

from __future__ import annotations

import re

from tabulate import tabulate

from cir_bench.leaderboards import escape
from cir_bench.leaderboards.facts import TUNED, facts
from cir_bench.leaderboards.model import Leaderboard, Section
from cir_bench.leaderboards.table import table_of
from cir_bench.leaderboards.text_format import TextFormat, source_letters

INTRODUCTION = """\
# Leaderboard

Composed image retrieval, measured by cir-bench. Metrics are in percent: mean ± sample standard deviation over seeds
where there are several. Numbers of two tables were measured under different conditions: do not compare them.
`random` and `constant` are not ranked: they stand at the bottom, at chance, or the harness is broken.

Rows with the same `#` are not told apart from the best of them: they share the place. Raised letters name the rows that
a row beats. Two rows differ when a paired randomisation test over the queries says so at 5 % after Holm's correction
over all pairs of the table, and when the difference is also more than other seeds would make (5 %, each pair by
itself). All other pairs do not differ as far as these queries and seeds can tell. With a single seed it is the trained
models that are compared, not the methods. The 95 % interval is a bootstrap over queries and seeds; two rows may differ
though their intervals overlap, because they were asked the same queries. A place in brackets: not compared.

Numbers that papers report stand beside the measured ones where the protocol is the same, with the difference (measured
less reported) where the encoder is too. They are never ranked. Times and memory compare only within one machine.
"""

_SUPERSCRIPTS = str.maketrans("abcdefghijklmnoprstuvwxyz0123456789-", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Markdown(TextFormat):
    """GitHub's Markdown, also readable as plain text."""

    def plain(self, text: str) -> str:
        """As in a table."""
        return escape.markdown(text)

    def code(self, text: str) -> str:
        """Between backticks."""
        return escape.markdown_code(text)

    def superscript(self, text: str) -> str:
        """In Unicode's own superscripts."""
        return " " + text.translate(_SUPERSCRIPTS)


def render(leaderboard: Leaderboard) -> str:
    """The leaderboard as Markdown, ending in one newline."""
    return "\n\n".join([INTRODUCTION.strip(), *map(_section, leaderboard.sections)]) + "\n"


def split_row(line: str) -> list[str]:
    """The entries of one line of a table."""
    return [entry.strip() for entry in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def _section(section: Section) -> str:
    form, table = Markdown(), table_of(section, reported_of_parts=False)
    letters = source_letters(table)
    lines = tabulate(
        [[form.entry(entry, letters) for entry in row.entries] for row in table.rows],
        headers=[form.plain(column.heading) for column in table.columns],
        tablefmt="github",
        colalign=["left" if column.kind in ("name", "remarks") else "right" for column in table.columns],
        disable_numparse=True,
    )
    description = [escape.markdown_paragraph(section.description)] if section.description else []
    listed = "\n".join(f"- {fact}" for fact in facts(section, form))
    notes = [TUNED] if table.tuned else []
    notes += [f"({letter}) {source}" for source, letter in letters.items()]
    return "\n\n".join([f"## {form.plain(section.title)}", *description, listed, lines, *notes])
