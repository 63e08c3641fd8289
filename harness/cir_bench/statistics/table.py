"""Statistics of one table: intervals of its rows, every pair compared, tie groups."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from cir_bench.statistics.bootstrap import bootstrap, interval
from cir_bench.statistics.draws import Floats
from cir_bench.statistics.randomisation import Sample, randomisation_tests
from cir_bench.statistics.rows import RowValues

SIGNIFICANT = 0.05
EQUAL = 1e-9
"""Points below which two values of a query are the same."""


@dataclass(frozen=True)
class Pair:
    """Two rows, ``first`` above ``second`` in the table, compared by the headline."""

    first: int
    second: int
    difference: float
    """First minus second, in points."""
    interval: tuple[float, float]
    """Of the difference, by the paired bootstrap over queries and seeds."""
    p_queries: float
    """Of the randomisation test over queries."""
    p_holm: float
    """The same, corrected for all pairs of the table."""
    p_seeds: float
    """Of the test that also accounts for the variation between seeds; not corrected."""
    wins: int
    """Queries on which the first row is better, by its mean over seeds."""
    ties: int
    losses: int

    @property
    def p(self) -> float:
        """What decides: the rows must be told apart among queries in the whole table, and beyond what seeds do."""
        return max(self.p_holm, self.p_seeds)

    @property
    def differ(self) -> bool:
        """Whether the two rows are told apart."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True)
class TableStatistics:
    """Of the rows of a table, in their order: the interval of each key, and all pairs of compared rows."""

    intervals: tuple[dict[str, tuple[float, float]], ...]
    pairs: tuple[Pair, ...]
    groups: tuple[int | None, ...]
    """The place of each compared row's tie group; None for the others."""

    def beaten_by(self, row: int) -> list[int]:
        """Rows that this one beats."""
        beaten = [pair.second for pair in self.pairs if pair.first == row and pair.differ and pair.difference > 0]
        beaten += [pair.first for pair in self.pairs if pair.second == row and pair.differ and pair.difference < 0]
        return sorted(beaten)


def table_statistics(
    rows: Sequence[RowValues | None], compared: Sequence[bool], headline: str, together: Sequence[int] | None = None
) -> TableStatistics:
    """Intervals of all rows that have values, and comparisons by ``headline`` of those that are ``compared``.

    Rows are given best first, None if their queries are unknown; all must have the same queries. Sentinels are not
    compared. Of ``together``, rows with different numbers are not compared, and tie groups are those of one number.
    """
    together = together if together is not None else [0] * len(rows)
    with_values = {place: row for place, row in enumerate(rows) if row is not None}
    drawn = dict(zip(with_values, bootstrap(list(with_values.values())), strict=True))
    intervals = [{key: interval(values) for key, values in drawn.get(place, {}).items()} for place in range(len(rows))]
    tested = {place: row for place, row in with_values.items() if compared[place]}
    both = [pair for pair in combinations(tested, 2) if together[pair[0]] == together[pair[1]]]
    pairs = compare_pairs(tested, {place: drawn[place][headline] for place in tested}, headline, both)
    apart = {frozenset((pair.first, pair.second)) for pair in pairs if pair.differ}
    groups: dict[int, int] = {}
    for number in set(together):
        order = [place for place in tested if together[place] == number]
        places = tie_groups(len(order), partial(_differ, apart, order))
        groups |= dict(zip(order, places, strict=True))
    return TableStatistics(tuple(intervals), pairs, tuple(groups.get(place) for place in range(len(rows))))


def _differ(apart: Collection[frozenset[int]], order: Sequence[int], first: int, second: int) -> bool:
    return frozenset((order[first], order[second])) in apart


def compare_pairs(
    rows: Mapping[int, RowValues],
    drawn: Mapping[int, Floats],
    headline: str,
    both: Sequence[tuple[int, int]] | None = None,
) -> tuple[Pair, ...]:
    """Every pair of rows, or those of ``both``; Holm's correction is over these pairs.

    ``rows`` and ``drawn``, the bootstrap of each row's headline, are by index in the table.
    """
    samples = {place: Sample(row.seeds, row.values[headline]) for place, row in rows.items()}
    both = list(combinations(rows, 2)) if both is None else both
    weights = next(iter(rows.values())).weights if rows else np.zeros(0)
    tested = randomisation_tests([(samples[a], samples[b]) for a, b in both], weights)
    corrected = holm([p.queries for p in tested])
    found = []
    for (a, b), p, p_holm in zip(both, tested, corrected, strict=True):
        by_query = samples[a].values.mean(0) - samples[b].values.mean(0)
        difference, ends = round(float(by_query @ weights), 9), interval(drawn[a] - drawn[b])
        found.append(Pair(a, b, difference, ends, p.queries, p_holm, p.seeds, *wins_ties_losses(by_query)))
    return tuple(found)


def wins_ties_losses(by_query: Floats) -> tuple[int, int, int]:
    """On how many queries a difference is positive, zero, negative."""
    wins, losses = int((by_query > EQUAL).sum()), int((by_query < -EQUAL).sum())
    return wins, len(by_query) - wins - losses, losses


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values by Holm (1979), in their order: the k-th smallest of m times (m - k + 1), never falling, at most 1."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for steps, place in enumerate(order):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - steps)))
        corrected[place] = highest
    return corrected


def tie_groups(count: int, differ: Callable[[int, int], bool]) -> list[int]:
    """The place of each of ``count`` rows, given best first; ``differ`` says whether two of them are told apart.

    The best row leads the first group, to which every row belongs that cannot be told apart from it, wherever that row
    is. The best of the remaining rows leads the next group, and so on. The place of a group is one more than the number
    of rows in the groups before it: 1, 1, 3, 4, 4. "Not told apart" is not transitive (a and b, b and c, but a and c
    are), so two rows with different places may still be undecided: only `TableStatistics.beaten_by` says whether one
    beats the other.
    """
    found = [0] * count
    left = list(range(count))
    while left:
        leader, place = left[0], 1 + count - len(left)
        group = [row for row in left if row == leader or not differ(leader, row)]
        for row in group:
            found[row] = place
        left = [row for row in left if row not in group]
    return found
