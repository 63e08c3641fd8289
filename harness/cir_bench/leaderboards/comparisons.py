"""What the queries say about rows: intervals, tie groups, which rows a row beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from cir_bench.leaderboards.budgets import ranked_together
from cir_bench.leaderboards.model import Comparison, Row
from cir_bench.leaderboards.values import Interval, Value
from cir_bench.statistics.rows import RowValues
from cir_bench.statistics.table import Pair, TableStatistics, table_statistics

NOT_COMPARED = "its queries are not known: no interval, not compared"
OTHER_QUERIES = "other queries than those of the table: no interval, not compared"
_LETTERS = "abcdefghijklmnoprstuvwxyz"
"""Those that Unicode has as superscripts: all but q."""


def label_of(place: int) -> str:
    """``a`` … ``z``, then ``a2`` …: letters, so that a superscript is not read as part of a number."""
    turn, letter = divmod(place, len(_LETTERS))
    return _LETTERS[letter] + (str(turn + 1) if turn else "")


def compare_rows(
    rows: Sequence[Row], values: Sequence[RowValues | None], headline: str
) -> tuple[list[Row], tuple[Comparison, ...]]:
    """Rows with labels, intervals and tie groups, and every pair of rows that can be compared by the headline.

    ``rows`` are those of a section that ran, best first; ``values`` their queries, None if they are not known. Rows
    with different tuning budgets are not compared.
    """
    same = [None if _others(one, values) else one for one in values]
    compared = [row.kind != "sentinel" for row in rows]
    found = table_statistics(same, compared, headline, ranked_together(rows))
    labels = [label_of(place) for place in range(len(rows))]
    some_known = any(one is not None for one in values)
    done = []
    for place, row in enumerate(rows):
        remarks = row.remarks
        if some_known and same[place] is None:
            remarks = (*remarks, NOT_COMPARED if values[place] is None else OTHER_QUERIES)
        changes = {
            "label": labels[place],
            "group": found.groups[place],
            "beats": tuple(labels[other] for other in found.beaten_by(place)),
            "metrics": {key: _with_interval(key, value, found, place) for key, value in row.metrics.items()},
            "remarks": remarks,
        }
        done.append(row.model_copy(update=changes))
    return done, tuple(_comparison(pair, labels) for pair in found.pairs)


def _others(one: RowValues | None, values: Sequence[RowValues | None]) -> bool:
    """Whether a row has other queries than the first row whose queries are known."""
    first = next((other for other in values if other is not None), None)
    return one is not None and first is not None and not one.cells[0].same_queries(first.cells[0])


def _with_interval(key: str, value: Value, found: TableStatistics, place: int) -> Value:
    ends = found.intervals[place].get(key)
    return value if ends is None else value.model_copy(update={"interval": Interval(low=ends[0], high=ends[1])})


def _comparison(pair: Pair, labels: Sequence[str]) -> Comparison:
    low, high = pair.interval
    named = {"first": labels[pair.first], "second": labels[pair.second], "interval": {"low": low, "high": high}}
    return Comparison.model_validate(asdict(pair) | named | {"p": pair.p})
