from __future__ import annotations

from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cir_bench.errors import DataError
from cir_bench.evaluation.chance import chance_level, expected_random
from cir_bench.evaluation.metrics import parse_metric
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.search import search


@pytest.mark.parametrize(
    ("gallery", "at_10", "at_50"), [(3817, 0.262, 1.31), (6346, 0.158, 0.788), (5373, 0.186, 0.931)]
)
def test_fashioniq_original_galleries(gallery: int, at_10: float, at_50: float) -> None:
    assert expected_random(gallery, 10).mean == pytest.approx(at_10, abs=5e-4)
    assert expected_random(gallery, 50).mean == pytest.approx(at_50, abs=5e-3)


def test_cirr_subset_of_five() -> None:
    assert expected_random(5, 1).mean == pytest.approx(20)


@given(st.integers(1, 40), st.integers(0, 5), st.integers(1, 50))
def test_several_targets(n: int, m: int, k: int) -> None:
    m, drawn = min(m, n), min(k, n)
    assert expected_random(n, k, m).mean == pytest.approx(100 * (1 - comb(n - m, drawn) / comb(n, drawn)))


def test_the_deviation_of_a_random_run() -> None:
    chance = expected_random([4] * 300, 1)
    assert chance.sd == pytest.approx(100 * np.sqrt(0.25 * 0.75 / 300))


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(DataError):
        expected_random(2, 1, 3)
    with pytest.raises(DataError):
        expected_random([], 1)


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
