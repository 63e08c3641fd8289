"""`Leaderboard` to LaTeX: for each section a booktabs table for a paper, with chosen columns and remarks as notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.leaderboards import escape
from cir_bench.leaderboards.budgets import ranked_together
from cir_bench.leaderboards.columns import table_of
from cir_bench.leaderboards.facts import CLAIMED, HASH_DIGITS, QUICK_LOOK, cautions, numbered
from cir_bench.leaderboards.model import Leaderboard, Row, Section
from cir_bench.leaderboards.table import (
    COSTS,
    SEEDS,
    Column,
    Entry,
    MetricEntry,
    NameEntry,
    Table,
    TableRow,
    table_with,
)
from cir_bench.leaderboards.text_format import TextFormat
from cir_bench.leaderboards.values import Reported

_HEAD = "% In the preamble: \\usepackage{booktabs,threeparttable}\n"
_TUNED = re.compile(r"(?:^|,)tuned=\d+x\d+(?=,|$)")
"""Part of the name of a tuned row; a line above such rows says it."""
_LEFT = ("name", "beats")
"""Kinds of columns that are set flush left."""
_BEST, _SECOND = r"\textbf{{{}}}", r"\underline{{{}}}"


class Latex(TextFormat):
    """The markup of LaTeX. Notes get letters in the order in which they are asked for."""

    plus_minus = r" $\pm$ "

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}

    def plain(self, text: str) -> str:
        """With every special character escaped."""
        return escape.latex(text)

    def code(self, text: str) -> str:
        """In typewriter letters."""
        return f"\\texttt{{{self.plain(text)}}}"

    def name(self, entry: NameEntry) -> str:
        """Without its tuning budget."""
        return super().name(NameEntry(entry.name, _TUNED.sub("", entry.variant).lstrip(",")))

    def reported(self, number: Reported, source: str) -> str:
        """With a note that says where it is from."""
        return super().reported(number, source) + self.noted([source])

    def noted(self, notes: Sequence[str]) -> str:
        """The letters of these notes, raised."""
        letters = [self.notes.setdefault(note, _letter(len(self.notes))) for note in notes]
        return f"\\tnote{{{','.join(letters)}}}" if letters else ""


def render_latex(leaderboard: Leaderboard, columns: Sequence[str] = ()) -> str:
    """The leaderboard as LaTeX, ending in one newline.

    ``columns`` are headings of the leaderboard, such as ``R@1`` or ``parameters``, shown after the method; none: the
    headline and the main metrics. `ConfigError` if no section has one of them.
    """
    tables = [table_of(section) for section in leaderboard.sections]
    known = dict.fromkeys(column.heading for table in tables for column in table.columns if column.kind != "remarks")
    for name in columns:
        if name not in known:
            raise ConfigError(f"No table has a column {name!r}; {did_you_mean(name, known)}")
    once = tuple(dict.fromkeys(columns))
    return "\n".join([_HEAD, *(_section(table, once) for table in tables)])


def _section(table: Table, names: Sequence[str]) -> str:
    form, section, shown = Latex(), table.section, table_with(table.section, list(_chosen(table, names)))
    groups = _groups(shown)
    lines = list(_body(shown, groups, form))
    reading = [escape.latex(note, escape.LONGEST_LINE) for note in _reading(shown, groups)]
    notes = [f"\\item[{letter}] {form.plain(note)}" for note, letter in form.notes.items()]
    label = re.sub(r"[^a-z0-9]+", "-", section.title.lower())[: escape.LONGEST_TEXT].strip("-")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\small\setlength{\tabcolsep}{4pt}",
            r"\begin{threeparttable}",
            rf"\caption{{{escape.latex(_caption(section), escape.LONGEST_LINE)}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{''.join('l' if one.kind in _LEFT else 'r' for one in shown.columns)}}}",
            r"\toprule",
            _line(form.plain(column.heading) for column in shown.columns),
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\begin{tablenotes}[flushleft]\footnotesize",
            *(f"\\item {note}" for note in reading),
            *notes,
            r"\end{tablenotes}",
            r"\end{threeparttable}",
            r"\end{table}",
            "",
        ]
    )


def _chosen(table: Table, names: Sequence[str]) -> Iterator[Column]:
    """What rows are called, and the columns of these names, or the metrics that come first."""
    yield from (column for column in table.columns if column.kind == "name")
    if names:
        by_name = {column.heading: column for column in table.columns if column.kind != "name"}
        yield from (by_name[name] for name in names if name in by_name)
        return
    uneven = len({row.row.seeds for row in table.rows if row.row.kind != "failed"}) > 1
    for column in table.columns:
        if (column.kind in {"headline", "metric"} and column.main) or (column.heading == SEEDS and uneven):
            yield column


def _groups(table: Table) -> list[list[TableRow]]:
    """The rows that ran: those of each tuning budget, then sentinels."""
    together = ranked_together(table.section.rows)
    numbered_rows = [
        ((row.row.kind == "sentinel", number), row)
        for row, number in zip(table.rows, together, strict=True)
        if row.row.kind != "failed"
    ]
    return [[row for _, row in group] for _, group in groupby(numbered_rows, key=lambda one: one[0])]


def _body(table: Table, groups: Sequence[Sequence[TableRow]], form: Latex) -> Iterator[str]:
    for group in groups:
        yield r"\midrule"
        if len(table.section.budgets) > 1 and group[0].row.kind != "sentinel":
            yield _line([f"\\multicolumn{{{len(table.columns)}}}{{l}}{{\\emph{{{_budget(group[0].row)}}}}}"])
        for row in group:
            entries = [_marked(entry, group, place, form) for place, entry in enumerate(row.entries)]
            yield _line([entries[0] + form.noted(row.row.remarks), *entries[1:]])


def _marked(entry: Entry | None, group: Sequence[TableRow], place: int, form: Latex) -> str:
    """An entry; of ranked rows the best value of a column is bold, the second best underlined, as they are printed."""
    text = form.entry(entry)
    if not isinstance(entry, MetricEntry):
        return text
    others = [other for row in group if row.row.rank and isinstance(other := row.entries[place], MetricEntry)]
    order = sorted({round(other.value.mean, 2) for other in others}, reverse=not entry.lower_is_better)
    mean = round(entry.value.mean, 2)
    if len(order) > 1 and mean in order[:2]:
        number = f"{entry.value.mean:.2f}"
        return (_BEST if mean == order[0] else _SECOND).format(number) + text.removeprefix(number)
    return text


def _budget(row: Row) -> str:
    return f"Tuned with {row.tuning.trials} trials of {row.tuning.epochs} epochs" if row.tuning else "Not tuned"


def _caption(section: Section) -> str:
    sizes = f"{sum(section.n_queries.values()):,} queries, {sum(section.n_gallery.values()):,} images"
    reference = [f"reference {section.reference}"] if section.reference else []
    protocol = f"protocol hash {section.protocol_hash[:HASH_DIGITS] or 'unknown'}"
    return "; ".join([section.title, sizes, *reference, protocol, *cautions(section)]) + "."


def _reading(table: Table, groups: Sequence[Sequence[TableRow]]) -> Iterator[str]:
    """How to read the table: what the Markdown says above its tables, as far as this one needs it."""
    section = table.section
    seeds = ", ".join(map(str, section.seeds))
    spread = f"mean ± standard deviation over the seeds {seeds}" if len(section.seeds) > 1 else f"seed {seeds} alone"
    yield f"Metrics in percent, {spread}."
    ranked = [[row.row for row in group if row.row.rank] for group in groups]
    if not section.ranked:
        unranked = [why for word, why in cautions(section).items() if word in {CLAIMED, QUICK_LOOK}]
        yield from (why[0].upper() + why[1:] for why in unranked)
    elif any(len(group) > 1 for group in ranked):
        yield "Bold: best; underlined: second best" + ("; by tuning budget." if len(section.budgets) > 1 else ".")
    for group in ranked:
        tied = [row.method for row in group[1:] if row.group is not None and row.group == group[0].group]
        if tied:
            names = ", ".join(tied)
            yield f"Not told apart from {group[0].method} by {section.headline} (p ≥ 0.05, corrected): {names}."
    tuned = {_budget(row) for group in ranked for row in group if row.tuning}
    if len(section.budgets) <= 1 and tuned:
        yield f"{tuned.pop()}: {', '.join(row.method for group in ranked for row in group if row.tuning)}."
    if section.places and any(column.heading in COSTS for column in table.columns):
        yield f"Times and memory: on {numbered(section.places)}; they compare only within one machine."
    if failed := [row.row.name for row in table.rows if row.row.kind == "failed"]:
        yield f"Did not run: {', '.join(failed)}."


def _letter(place: int) -> str:
    rest, last = divmod(place, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("a") + last)


def _line(entries: Iterable[str]) -> str:
    return " & ".join(entries) + r" \\"
