"""Which queries are shown: a sample, those on which two methods disagree, the worst failures."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cir_bench.report.examples.queries import RankedMethod, SectionQueries

Ranks = Mapping[str, float]
"""Expected rank of the best target, from 1, by query id; inf: never found."""


@dataclass(frozen=True)
class PageOptions:
    """``count`` queries on a page, the sample drawn by ``seed``; ``public``: without images that may not be published.

    ``between``: the two methods whose disagreement is shown (empty: the best two); ``explain``: let methods explain.
    """

    count: int = 8
    seed: int = 0
    between: tuple[str, ...] = ()
    explain: bool = True
    public: bool = False


@dataclass(frozen=True)
class QuerySelection:
    """The queries of one page: groups of ids, each with a heading (may be empty). ``name`` is part of its file name."""

    name: str
    title: str
    note: str
    groups: Sequence[tuple[str, Sequence[str]]]


def selections(section: SectionQueries, options: PageOptions) -> Iterator[QuerySelection]:
    """One selection for each page of a section."""
    many = min(options.count, len(section.queries))
    parts = {part: [query.id for query in queries] for part, queries in section.by_part().items()}
    note = f"{many} of {len(section.queries):,} queries, drawn with seed {options.seed}."
    yield QuerySelection("sample", "A sample of queries", note, [("", sampled(parts, options.count, options.seed))])
    pair = _pair(section.methods, options.between)
    if len(pair) == 2:
        names = [one.shown.name for one in pair]
        groups = disagreed(_ranks(section, pair[0]), _ranks(section, pair[1]), options.count)
        yield QuerySelection(
            "disagree",
            f"Where {names[0]} and {names[1]} disagree",
            "The queries on which the ranks of the best target are furthest apart, as a ratio.",
            [(f"{name} ranks the target higher", group) for name, group in zip(names, groups, strict=True)],
        )
    best = section.methods[0]
    yield QuerySelection(
        "failures",
        f"The worst failures of {best.shown.name}",
        f"The queries whose best target {best.shown.name} ranks lowest.",
        [("", failed(_ranks(section, best), options.count))],
    )


def sampled(queries: Mapping[str, Sequence[str]], count: int, seed: int) -> list[str]:
    """``count`` queries drawn by ``seed`` from ids by part, equally many of every part; fewer if there are fewer."""
    drawn = []
    for part, ids in queries.items():
        mixed = sorted(ids)
        random.Random(f"{seed} {part}").shuffle(mixed)  # noqa: S311 (a sample, no secret)
        drawn.append(mixed)
    rounds = [mixed[place] for place in range(count) for mixed in drawn if place < len(mixed)]
    return rounds[:count]


def disagreed(first: Ranks, second: Ranks, count: int) -> tuple[list[str], list[str]]:
    """The queries on which two methods' ranks are furthest apart: half that the first ranks better, half the second.

    The distance is a ratio: ranks 1 and 10 are further apart than 101 and 110.
    """
    shared = sorted(set(first).intersection(second))
    apart = {query: _log(second[query]) - _log(first[query]) for query in shared}
    ordered = sorted(shared, key=lambda query: (-abs(apart[query]), query))
    half = (count + 1) // 2
    better = [query for query in ordered if apart[query] > 0]
    worse = [query for query in ordered if apart[query] < 0]
    return better[:half], worse[: count - half]


def failed(ranks: Ranks, count: int) -> list[str]:
    """The queries whose best target is ranked lowest, the lowest first."""
    return sorted(ranks, key=lambda query: (-ranks[query], query))[:count]


def _pair(methods: Sequence[RankedMethod], between: Sequence[str]) -> Sequence[RankedMethod]:
    named = [[one for one in methods if name in {one.shown.name, one.shown.row.method}] for name in between]
    found = [fitting[0] for fitting in named if fitting]
    return found if len(found) == 2 else methods[:2]


def _ranks(section: SectionQueries, method: RankedMethod) -> dict[str, float]:
    return {query: rank for query, rank in method.ranks.items() if query in section.queries}


def _log(rank: float) -> float:
    return math.log(rank) if math.isfinite(rank) else 100.0
