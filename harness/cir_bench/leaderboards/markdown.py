"""`Leaderboard` to Markdown; the same leaderboard gives the same bytes.

A section has a table of a few columns, which fits a page of GitHub, one of all others, and one of what papers report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tabulate import tabulate

from cir_bench.evaluation.measure import MEAN
from cir_bench.leaderboards import escape
from cir_bench.leaderboards.columns import table_of
from cir_bench.leaderboards.facts import TUNED, facts
from cir_bench.leaderboards.model import Leaderboard, Section
from cir_bench.leaderboards.table import (
    ENCODER,
    MACHINE,
    METHOD,
    Column,
    Entry,
    MetricEntry,
    NameEntry,
    Table,
    TableRow,
)
from cir_bench.leaderboards.text_format import TextFormat
from cir_bench.leaderboards.values import Reported

INTRODUCTION = """\
# Leaderboard

Composed image retrieval, measured by cir-bench. Metrics are in percent: mean ± sample standard deviation over seeds
where there are several. Numbers of two tables were measured under different conditions: do not compare them.
`random` and `constant` are not ranked: they stand at the bottom, at chance, or the harness is broken.

Rows that share a place (`1=`) are not told apart from the best of them. *Beats*, under "More columns", names the rows
that a row is better than. Two rows differ when a paired randomisation test over the queries says so at 5 % after Holm's
correction over all pairs of the table, and when the difference is also more than other seeds would make (5 %, each pair
by itself). All other pairs do not differ as far as these queries and seeds can tell. With a single seed it is the
trained models that are compared, not the methods. The 95 % interval is a bootstrap over queries and seeds; two rows may
differ though their intervals overlap, because they were asked the same queries. A place in brackets: not compared.

Numbers that papers report under the same protocol have a table of their own. They are never ranked. Times and memory
compare only within one machine.
"""
INTERVAL = " [95 % interval]"
"""Follows the name of the headline."""
REMARKED = r" \*"
"""Follows the name of a row that has remarks, and begins each of them."""
DID_NOT_RUN = "did not run"
MORE, REPORTED, SOURCE, NAMED = "More columns", "Reported by papers", "source", "there called"
_REPORTED_MEANS = (
    "Never ranked. In brackets, where encoder and data are those of the paper: the number measured here less this one."
)


class Markdown(TextFormat):
    """GitHub's Markdown, also readable as plain text."""

    def plain(self, text: str) -> str:
        """As in a table."""
        return escape.markdown(text)

    def code(self, text: str) -> str:
        """Between backticks."""
        return escape.markdown_code(text)

    def metric(self, entry: MetricEntry) -> str:
        """Of the headline with its interval."""
        interval = entry.value.interval if entry.headline else None
        return super().metric(entry) + (f" [{interval.low:.2f}, {interval.high:.2f}]" if interval else "")


_FORM = Markdown()


def render(leaderboard: Leaderboard) -> str:
    """The leaderboard as Markdown, ending in one newline."""
    return "\n\n".join([INTRODUCTION.strip(), *map(_section, leaderboard.sections)]) + "\n"


def split_row(line: str) -> list[str]:
    """The entries of one line of a table."""
    return [entry.strip() for entry in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def _section(section: Section) -> str:
    table = table_of(section)
    description = [escape.markdown_paragraph(section.description)] if section.description else []
    listed = "\n".join(f"- {fact}" for fact in facts(section, _FORM))
    parts = [f"## {_FORM.plain(section.title)}", *description, listed, _main(table), *_remarks(section)]
    return "\n\n".join([*parts, *_more(table), *_reported(section)])


def _main(table: Table) -> str:
    """The columns that come first."""
    main = table.only(lambda column: column.main)
    values = [row.row.metrics.get(table.section.headline) for row in table.rows]
    interval = INTERVAL if any(value is not None and value.interval for value in values) else ""
    heads = [_FORM.plain(column.heading) + interval * (column.kind == "headline") for column in main.columns]
    return _lines(main.columns, heads, [[_entry(row, *pair) for pair in main.zipped(row)] for row in main.rows])


def _entry(row: TableRow, column: Column, entry: Entry | None) -> str:
    if column.kind == "headline" and row.row.kind == "failed":
        return DID_NOT_RUN
    return _FORM.entry(entry) + REMARKED * (column.heading == METHOD and bool(row.row.remarks))


def _remarks(section: Section) -> Iterator[str]:
    """What is said of rows, each sentence once, after the rows that it is of."""
    rows: dict[str, list[str]] = {}
    for row in section.rows:
        on = f" on {_FORM.code(row.encoder)}" if section.track == "paper" else ""
        for remark in [row.remark] if row.kind == "failed" else row.remarks:
            rows.setdefault(remark, []).append(_FORM.name(NameEntry(row.method, row.variant)) + on)
    if rows:
        yield "\n".join(f"-{REMARKED} {', '.join(names)}: {_FORM.plain(remark)}" for remark, names in rows.items())


def _is_elsewhere(column: Column) -> bool:
    """Whether what a column says is written elsewhere: below the main table, in brackets, in a table of its own."""
    return column.kind in {"reported", "remarks"} or column.heading == MACHINE


def _more(table: Table) -> Iterator[str]:
    """All other columns; cells that did not run have nothing there."""
    more = table.only(lambda one: one.kind == "name" or not (one.main or _is_elsewhere(one)))
    rows = [row for row in more.rows if row.row.kind != "failed"]
    if rows and any(column.kind != "name" for column in more.columns):
        heads = [_FORM.plain(column.heading) for column in more.columns]
        yield f"### {MORE}"
        yield _lines(more.columns, heads, [list(map(_FORM.entry, row.entries)) for row in rows])
        if more.tuned:
            yield TUNED


def _reported(section: Section) -> Iterator[str]:
    """What papers report for the rows, over the whole benchmark: a line for each row and source."""
    found: dict[tuple[NameEntry, str, str, str], dict[str, Reported]] = {}
    for row in section.rows:
        for one in row.reported:
            if one.metric.rpartition("/")[0] in {"", MEAN}:
                source = f"[{_FORM.plain(one.cited)}]({one.url})" + (f"; {_FORM.plain(one.note)}" if one.note else "")
                key = (NameEntry(row.method, row.variant), one.named, one.encoder, source)
                found.setdefault(key, {})[one.metric] = one
    metrics = [key for key in section.columns if any(key in numbers for numbers in found.values())]
    if metrics:
        yield f"### {REPORTED}"
        yield _REPORTED_MEANS
        yield tabulate(
            [
                [
                    _FORM.name(name),
                    *(_FORM.reported(numbers[key], source) if key in numbers else "" for key in metrics),
                    *(_FORM.plain(named), _FORM.code(encoder), source),
                ]
                for (name, named, encoder, source), numbers in found.items()
            ],
            headers=[METHOD, *map(_FORM.plain, metrics), NAMED, ENCODER, SOURCE],
            tablefmt="github",
            colalign=["left", *["right"] * len(metrics), "left", "left", "left"],
            disable_numparse=True,
        )


def _lines(columns: Sequence[Column], heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    left = [column.kind in {"name", "beats"} for column in columns]
    alignment = ["left" if one else "right" for one in left]
    return tabulate(rows, headers=heads, tablefmt="github", colalign=alignment, disable_numparse=True)
