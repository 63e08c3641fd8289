"""Where a committed leaderboard differs from a fresh one in more than times and memory.

They are compared as text, because the text is what is committed. Costs are ignored. Metrics may differ by a tolerance:
another CPU sums in another order, and training amplifies such differences. With a tolerance, neighbours in a table may
also change places, so rows are found by their method, not by their place, and what follows from the metrics (places,
which rows a row beats) is not compared. Everything else must be equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat, zip_longest

from cir_bench.leaderboards import table
from cir_bench.leaderboards.facts import TIMES
from cir_bench.leaderboards.markdown import DID_NOT_RUN, REMARKED, split_row

_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?|-?inf)(?: ± (\d+(?:\.\d+)?))?(?: \[(-?\d+\.\d+), (-?\d+\.\d+)\])?")
_DIFFERENCE = re.compile(r" \([+-]\d+\.\d+\)$")
_FOLLOWS = frozenset({table.BEATS})
"""Columns that follow from the metrics alone."""
_WORDS = frozenset({table.METHOD, table.ENCODER, table.TUNING, table.SEEDS, table.PARAMETERS, table.TRAINED})
_INTRODUCTION = "the introduction"


@dataclass
class _Table:
    """A table's rows by method (and variant), encoder, and whether they ran."""

    headers: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class _Part:
    """The lines and the tables under one heading; a table is called by the heading above it, if it has its own."""

    lines: list[str] = field(default_factory=list)
    tables: dict[str, _Table] = field(default_factory=lambda: {"": _Table()})


def compare(fresh: str, committed: str, tolerance: float) -> list[str]:
    """One sentence for each difference between two leaderboards in Markdown; none: the committed one is up to date.

    ``tolerance`` is the largest allowed difference of a metric, in points; 0: equal, and in the same order.
    """
    new, old = _parse(fresh), _parse(committed)
    found = [f"{title}: not in the committed leaderboard." for title in new if title not in old]
    found += [f"{title}: no records for it any more." for title in old if title not in new]
    for title, part in new.items():
        if title in old:
            found += [f"{title}: {text}" for text in _differences(part, old[title], tolerance)]
    return found


def _differences(new: _Part, old: _Part, tolerance: float) -> Iterator[str]:
    for line, was in zip_longest(new.lines, old.lines, fillvalue=""):
        if line != was:
            yield f"now says {line!r}; committed is {was!r}."
    said: set[str] = set()
    for title in dict.fromkeys([*new.tables, *old.tables]):
        if title not in new.tables or title not in old.tables:
            yield f"the table {title!r} is {'not in the committed leaderboard' if title in new.tables else 'gone'}."
            continue
        for sentence in _different_rows(new.tables[title], old.tables[title], tolerance):
            if sentence not in said:  # of a row that came or went, once for all tables
                said.add(sentence)
                yield sentence


def _different_rows(new: _Table, old: _Table, tolerance: float) -> Iterator[str]:
    if new.headers != old.headers:
        yield f"now has the columns {', '.join(new.headers)}; committed are {', '.join(old.headers)}."
        return
    yield from (f"{name} is not in the committed table." for name in new.rows if name not in old.rows)
    yield from (f"{name} is no longer in the table." for name in old.rows if name not in new.rows)
    shared = [name for name in new.rows if name in old.rows]
    for name in shared:
        for column in new.headers:
            now, was = new.rows[name][column], old.rows[name][column]
            if not _same(column, now, was, tolerance):
                yield f"{name}: {column} is {now or 'empty'}, committed is {was or 'empty'}."
    if tolerance == 0 and shared != [name for name in old.rows if name in new.rows]:
        yield "its rows are in a different order."


def _same(column: str, now: str, was: str, tolerance: float) -> bool:
    if column in table.COSTS or now == was:
        return True
    if column in _WORDS or tolerance == 0:
        return False
    if column in _FOLLOWS:
        return True
    if column == table.PLACE:
        return table.NONE not in (now, was) and now.startswith("(") == was.startswith("(")
    left, right = (_NUMBER.fullmatch(_DIFFERENCE.sub("", text)) for text in (now, was))
    if left is None or right is None:
        return False
    return all(map(_near, left.groups(), right.groups(), repeat(tolerance)))


def _near(now: str | None, was: str | None, tolerance: float) -> bool:
    if now is None or was is None:
        return now == was
    return abs(float(now) - float(was)) <= tolerance + 1e-9


def _parse(text: str) -> dict[str, _Part]:
    parts = {_INTRODUCTION: _Part()}
    part, title = parts[_INTRODUCTION], ""
    for line in text.splitlines():
        if line.startswith("## "):
            part, title = parts.setdefault(line[3:].strip(), _Part()), ""
        elif line.startswith("### "):
            title = line[4:].strip()
        elif line.startswith("|"):
            _add_row(part.tables.setdefault(title, _Table()), split_row(line))
        elif line.strip() and not line.startswith(f"- {TIMES}"):
            part.lines.append(line.strip())
    return parts


def _add_row(part: _Table, entries: Sequence[str]) -> None:
    if not part.headers:
        part.headers = list(entries)
    elif not all(re.fullmatch(r":?-+:?", entry) for entry in entries):
        row = dict(zip_longest(part.headers, entries[: len(part.headers)], fillvalue=""))
        failed = DID_NOT_RUN * (DID_NOT_RUN in row.values())
        method = row.get(table.METHOD, "").removesuffix(REMARKED)
        name = ", ".join(filter(None, [method, row.get(table.ENCODER, ""), failed]))
        names = (name, *(f"{name} ({number})" for number in range(2, len(part.rows) + 2)))  # a second row of that name
        part.rows[next(one for one in names if one not in part.rows)] = row
