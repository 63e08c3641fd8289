"""Cells as runs keep them, made from ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cir_bench.protocols.protocol import Headline
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import PartRankings, Ranking
from cir_bench.statistics.queries import QueryResults

N_GALLERY = 500


def _ranking(part: str, ranks: Sequence[int], tags: Sequence[Sequence[str]]) -> Ranking:
    """One target per query, at these ranks (from 1)."""
    ids = tuple(f"{part}q-{place:03d}" for place in range(len(ranks)))
    return Ranking(
        queries=QuerySet(ids, tuple((f"target {query}",) for query in ids), tags=tuple(map(tuple, tags))),
        n_gallery=N_GALLERY,
        n_candidates=np.full(len(ranks), N_GALLERY - 1),
        better=np.array(ranks) - 1,
        tied=np.zeros(len(ranks), dtype=np.int64),
        top_ids=(("first",),) * len(ranks),
    )


def cell(ranks, /, metrics=("R@1", "R@10"), headline=("R@1",), name="", tags=()):
    parts = ranks if isinstance(ranks, Mapping) else {"": ranks}
    made = {part: PartRankings(_ranking(part, some, tags)) for part, some in parts.items()}
    return QueryResults.of(made, metrics, Headline(name=name or headline[0], mean_of=tuple(headline)))


def graded() -> QueryResults:
    """Three queries with several targets, ties, gains, a subset ranking, and a target that is never hit."""
    queries = QuerySet(
        ids=("a", "b", "c"),
        targets=(("x", "y"), ("x",), ("z", "w")),
        tags=(("few",), ("few", "odd"), ()),
        gains=({"x": 1.0, "v": 0.5}, {"u": 0.25, "x": 1.0}, {"z": -1.0, "w": 0.75}),
    )
    gallery = Ranking(
        queries=queries,
        n_gallery=20,
        n_candidates=np.array([20, 19, 20]),
        better=np.array([2, 2, 0, 5, 1, 3, -1]),
        tied=np.array([3, 3, 0, 0, 0, 1, 0]),
        top_ids=((), (), ()),
    )
    subset = Ranking(
        queries=QuerySet(("a", "b", "c"), (("x",), ("x",), ("z",)), gains=({"x": 1.0}, {"x": 1.0}, {"z": 0.5})),
        n_gallery=20,
        n_candidates=np.array([5, 5, 5]),
        better=np.array([0, 4, 2]),
        tied=np.array([1, 0, 0]),
        top_ids=((), (), ()),
    )
    metrics = ("R@1", "R@5", "R_subset@1", "R_soft@3", "R_soft_subset@2")
    return QueryResults.of(
        {"": PartRankings(gallery, subset)}, metrics, Headline(name="Rmean", mean_of=("R@5", "R_subset@1"))
    )
