"""Small searches with few different scores, and when two rankings are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from cir_bench.retrieval.chunks import ChunkPlan
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import RowSet


@dataclass(frozen=True)
class Case:
    """Scores of Q queries against N images, and the queries."""

    table: Tensor
    gallery: list[str]
    queries: QuerySet

    def score(self, query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        return self.table[query_rows][:, gallery_rows]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to 5 queries and 9 images, few different scores, unknown and excluded targets, in any id order."""
    n_queries, n_gallery = draw(st.integers(1, 5)), draw(st.integers(1, 9))
    gallery = draw(st.permutations([f"g{i}" for i in range(n_gallery)]))
    scores = st.lists(st.integers(-2, 2), min_size=n_gallery, max_size=n_gallery)
    some = st.lists(st.sampled_from([*gallery, "elsewhere"]), max_size=4, unique=True).map(tuple)
    return Case(
        table=torch.tensor([draw(scores) for _ in range(n_queries)], dtype=torch.float32),
        gallery=gallery,
        queries=QuerySet(
            ids=tuple(f"q{i}" for i in range(n_queries)),
            targets=tuple(draw(some) for _ in range(n_queries)),
            excluded=tuple(draw(some) for _ in range(n_queries)),
        ),
    )


chunk_plans = st.none() | st.builds(ChunkPlan, st.integers(1, 6), st.integers(1, 10))


def assert_same(one: Ranking, other: Ranking) -> None:
    """Two rankings of one query set agree in everything."""
    assert one.queries == other.queries
    for name in ("n_candidates", "better", "tied", "top_scores"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.top_ids == other.top_ids
