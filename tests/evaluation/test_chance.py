"""A scorer that knows nothing is exactly at chance, a random one within its deviations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.chance import chance_level

from cir_bench.evaluation.metrics import parse_metric
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.search import search


@settings(max_examples=30)
@given(
    n=st.integers(2, 60),
    targets=st.integers(1, 4),
    k=st.sampled_from([1, 5, 10]),
    value=st.sampled_from([0.0, 1.0, -3.7]),
)
def test_a_constant_scorer_is_exactly_at_chance(n: int, targets: int, k: int, value: float) -> None:
    gallery = [f"g{i}" for i in range(n)]
    queries = QuerySet(
        ids=tuple(f"q{i}" for i in range(7)),
        targets=tuple(tuple(gallery[(i + j) % n] for j in range(min(targets, n - 1))) for i in range(7)),
        excluded=tuple((gallery[(i - 1) % n],) for i in range(7)),
    )
    ranking = search(lambda q, g: torch.full((q.stop - q.start, g.stop - g.start), value), queries, gallery)
    measured = parse_metric(f"R@{k}").per_query(ranking).mean()
    assert measured == pytest.approx(chance_level(ranking, k).mean)


def test_a_random_scorer_is_at_chance_within_three_deviations() -> None:
    table = torch.rand(2000, 100, generator=torch.Generator().manual_seed(1))
    gallery = [f"g{i}" for i in range(100)]
    queries = QuerySet(tuple(map(str, range(2000))), tuple((gallery[i % 100],) for i in range(2000)))
    ranking = search(lambda q, g: table[q][:, g], queries, gallery)
    chance = chance_level(ranking, 10)
    assert abs(parse_metric("R@10").per_query(ranking).mean() - chance.mean) < 3 * chance.sd
