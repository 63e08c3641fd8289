"""`Leaderboard` to LaTeX: one booktabs table for each section, from the same cells as the markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cir_bench.leaderboard.heading import cautions, numbered
from cir_bench.leaderboard.model import Leaderboard, Section
from cir_bench.leaderboard.table import LEFT, NONE, make_table

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}
_TYPED = {"±": r"$\pm$", "·": r"$\cdot$", "–": "--", "…": r"\dots{}", "×": r"$\times$", "≥": r"$\ge$", "≤": r"$\le$"}
_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""Made smaller where it is wider than the page."""
_HEAD = (
    "% Needs \\usepackage{booktabs,graphicx}; how it is read, machines and sources of reported numbers stand below.\n"
)


class Latex:
    """The markup of LaTeX."""

    def plain(self, text: str) -> str:
        """With every special character escaped, on one line."""
        return "".join((_ESCAPES | _TYPED).get(letter, letter) for letter in " ".join(text.split()))

    def code(self, text: str) -> str:
        """In typewriter letters."""
        return f"\\texttt{{{self.plain(text)}}}"

    def raised(self, text: str) -> str:
        """As a superscript; ranges with an en dash."""
        return f"\\textsuperscript{{{text.replace('-', '--')}}}"

    def spread(self, mean: str, sd: str) -> str:
        """Mean and standard deviation with a plus-minus sign in mathematics."""
        return f"{mean} $\\pm$ {sd}"


def render_latex(leaderboard: Leaderboard) -> str:
    """The leaderboard as LaTeX, ending in one newline."""
    return "\n".join([_HEAD, *map(_section, leaderboard.sections)])


def _section(section: Section) -> str:
    markup = Latex()
    made = make_table(section, markup)
    columns = "".join("l" if header in LEFT else "r" for header in made.headers)
    rows = [[cell.replace(NONE, "--") for cell in line] for line in made.lines]
    places = f"{sum(section.n_queries.values()):,} queries, {sum(section.n_gallery.values()):,} images"
    reference = f"; reference {section.reference}" if section.reference else ""
    words = "".join(f"; {word}" for word in cautions(section))
    caption = f"{section.title}; {places}{reference}; protocol hash {section.protocol_hash[:12] or 'unknown'}{words}."
    notes = [*map(markup.plain, _reading(section))]
    notes += [f"({letter}) {markup.plain(text)}" for letter, text in made.notes]
    label = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{markup.plain(caption)}}}",
            rf"\label{{tab:{label}}}",
            _FITTED,
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _line([markup.plain(header) for header in made.headers]),
            r"\midrule",
            *map(_line, rows),
            r"\bottomrule",
            r"\end{tabular}}",
            *([r"\par\smallskip\footnotesize", *(f"{note}\\\\" for note in notes)] if notes else []),
            r"\end{table}",
            "",
        ]
    )


def _reading(section: Section) -> Iterator[str]:
    """What the markdown says above its tables, as far as this one needs it."""
    if section.comparisons:
        yield "Rows with the same # do not differ; superscripts name the rows that a row beats (p < 0.05, corrected)."
    if section.places:
        where = numbered(section.places)
        yield f"Times and memory: on {where}; they compare only within one machine."


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
