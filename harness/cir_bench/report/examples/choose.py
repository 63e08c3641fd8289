"""Which queries are looked at: a sample, those that two methods disagree on, the worst failures."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

Ranks = Mapping[str, float]
"""Expected rank of the best target, from 1, by query id; inf: never hit."""


def sampled(queries: Mapping[str, Sequence[str]], count: int, seed: int) -> list[str]:
    """``count`` queries drawn by ``seed``, as many of every part as the others; fewer where there are fewer.

    Args:
        queries: ids by part.
        count: how many in all.
        seed: the same seed draws the same queries.
    """
    drawn = []
    for part, ids in queries.items():
        mixed = sorted(ids)
        random.Random(f"{seed} {part}").shuffle(mixed)  # noqa: S311 (a sample, no secret)
        drawn.append(mixed)
    rounds = [mixed[place] for place in range(count) for mixed in drawn if place < len(mixed)]
    return rounds[:count]


def disagreed(first: Ranks, second: Ranks, count: int) -> tuple[list[str], list[str]]:
    """The queries on which two methods' ranks are furthest apart: half that the first ranks better, half the second.

    Apart is meant as a ratio: ranks 1 and 10 are further apart than 101 and 110.
    """
    shared = sorted(set(first).intersection(second))
    apart = {query: _size(second[query]) - _size(first[query]) for query in shared}
    ordered = sorted(shared, key=lambda query: (-abs(apart[query]), query))
    half = (count + 1) // 2
    better = [query for query in ordered if apart[query] > 0]
    worse = [query for query in ordered if apart[query] < 0]
    return better[:half], worse[: count - half]


def failed(ranks: Ranks, count: int) -> list[str]:
    """The queries whose best target stands lowest, the lowest first."""
    return sorted(ranks, key=lambda query: (-ranks[query], query))[:count]


def _size(rank: float) -> float:
    return math.log(rank) if math.isfinite(rank) else 100.0
