"""`Leaderboard` to markdown: the same leaderboard gives the same bytes."""

from __future__ import annotations

from cir_bench.leaderboard.heading import facts
from cir_bench.leaderboard.markdown import code, plain, table
from cir_bench.leaderboard.model import Leaderboard, Section
from cir_bench.leaderboard.table import LEFT, make_table

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

RAISED = str.maketrans("abcdefghijklmnoprstuvwxyz0123456789-", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Markdown:
    """The markup of markdown that is read as plain text too."""

    def plain(self, text: str) -> str:
        """On one line, with nothing that marks up."""
        return plain(text)

    def code(self, text: str) -> str:
        """Between backticks."""
        return code(text)

    def raised(self, text: str) -> str:
        """In Unicode's own superscripts."""
        return " " + text.translate(RAISED)

    def spread(self, mean: str, sd: str) -> str:
        """``mean ± sd``."""
        return f"{mean} ± {sd}"


def render(leaderboard: Leaderboard) -> str:
    """The leaderboard as markdown, ending in one newline."""
    return "\n\n".join([INTRODUCTION.strip(), *(_section(section) for section in leaderboard.sections)]) + "\n"


def _section(section: Section) -> str:
    made = make_table(section, Markdown())
    notes = [f"({letter}) {text}" for letter, text in made.notes]
    return "\n\n".join([f"## {section.title}", *facts(section), table(made.headers, made.lines, LEFT), *notes])
