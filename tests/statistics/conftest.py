"""Cells as runs keep them, made from ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pytest

from cir_bench.evaluation.evaluate import PartRankings
from cir_bench.protocols.protocol import Headline
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.statistics import QueryResults, RowValues, row_values

N_GALLERY = 500


class Cell(Protocol):
    def __call__(
        self,
        ranks: Sequence[int] | Mapping[str, Sequence[int]],
        /,
        metrics: Sequence[str] = ...,
        headline: Sequence[str] = ...,
        name: str = ...,
        tags: Sequence[Sequence[str]] = ...,
    ) -> QueryResults: ...


class Row(Protocol):
    def __call__(self, hits: np.ndarray, /, seeds: Sequence[int] | None = ...) -> RowValues: ...


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


def _cell(ranks, /, metrics=("R@1", "R@10"), headline=("R@1",), name="", tags=()):
    parts = ranks if isinstance(ranks, Mapping) else {"": ranks}
    made = {part: PartRankings(_ranking(part, some, tags)) for part, some in parts.items()}
    return QueryResults.of(made, metrics, Headline(name=name or headline[0], mean_of=tuple(headline)))


def _row(hits, /, seeds=None):
    """A row that hits where ``hits`` ``[S, Q]`` is true."""
    hits = np.atleast_2d(hits)
    cells = [_cell(np.where(one, 1, 2).tolist()) for one in hits]
    row = row_values(tuple(range(len(hits)) if seeds is None else seeds), cells, "R@1")
    assert row is not None
    return row


@pytest.fixture(scope="session")
def cell() -> Cell:
    return _cell


@pytest.fixture(scope="session")
def row() -> Row:
    return _row


@pytest.fixture(scope="session")
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
