"""`Leaderboard` to LaTeX: one booktabs table for each section, with the same entries as the Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cir_bench.leaderboards import escape
from cir_bench.leaderboards.facts import HASH_DIGITS, MIXED, TUNED, cautions, numbered
from cir_bench.leaderboards.model import Leaderboard, Section
from cir_bench.leaderboards.table import Table, table_of
from cir_bench.leaderboards.text_format import TextFormat, source_letters

_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""Makes a table smaller if it is wider than the page."""
_HEAD = "% Needs \\usepackage{booktabs,graphicx}; how to read it, machines and sources of reported numbers are below.\n"


class Latex(TextFormat):
    """The markup of LaTeX."""

    plus_minus = r" $\pm$ "

    def plain(self, text: str) -> str:
        """With every special character escaped."""
        return escape.latex(text)

    def code(self, text: str) -> str:
        """In typewriter letters."""
        return f"\\texttt{{{self.plain(text)}}}"

    def superscript(self, text: str) -> str:
        """With an en dash for ranges."""
        return f"\\textsuperscript{{{text.replace('-', '--')}}}"


def render_latex(leaderboard: Leaderboard) -> str:
    """The leaderboard as LaTeX, ending in one newline."""
    return "\n".join([_HEAD, *map(_section, leaderboard.sections)])


def _section(section: Section) -> str:
    form, table = Latex(), table_of(section, reported_of_parts=False)
    letters = source_letters(table)
    columns = "".join("l" if column.kind in ("name", "remarks") else "r" for column in table.columns)
    notes = [escape.latex(note, escape.LONGEST_LINE) for note in _reading(table)]
    notes += [f"({letter}) {form.plain(source)}" for source, letter in letters.items()]
    label = re.sub(r"[^a-z0-9]+", "-", section.title.lower())[: escape.LONGEST_TEXT].strip("-")
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escape.latex(_caption(section), escape.LONGEST_LINE)}}}",
            rf"\label{{tab:{label}}}",
            _FITTED,
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _line(form.plain(column.heading) for column in table.columns),
            r"\midrule",
            *(_line(form.entry(entry, letters) for entry in row.entries) for row in table.rows),
            r"\bottomrule",
            r"\end{tabular}}",
            *([r"\par\smallskip\footnotesize", *(f"{note}\\\\" for note in notes)] if notes else []),
            r"\end{table}",
            "",
        ]
    )


def _caption(section: Section) -> str:
    sizes = f"{sum(section.n_queries.values()):,} queries, {sum(section.n_gallery.values()):,} images"
    reference = [f"reference {section.reference}"] if section.reference else []
    protocol = f"protocol hash {section.protocol_hash[:HASH_DIGITS] or 'unknown'}"
    return "; ".join([section.title, sizes, *reference, protocol, *cautions(section)]) + "."


def _reading(table: Table) -> Iterator[str]:
    """How to read the table: what the Markdown says above its tables, as far as this one needs it."""
    section = table.section
    if mixed := cautions(section).get(MIXED):
        yield mixed[0].upper() + mixed[1:]
    if table.tuned:
        yield TUNED
    if section.comparisons:
        yield "Rows with the same # do not differ; superscripts name the rows that a row beats (p < 0.05, corrected)."
    if section.places:
        yield f"Times and memory: on {numbered(section.places)}; they compare only within one machine."


def _line(entries: Iterator[str]) -> str:
    return " & ".join(entries) + r" \\"
