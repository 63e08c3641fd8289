from __future__ import annotations

import numpy as np
import pytest

from cir_bench.errors import ConfigError, DataError
from cir_bench.evaluation.measure import PartSize, measure
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import PartRankings, Ranking


def ranking(name: str, ranks: list[int], n: int = 20, tied: int = 0, tags: tuple[tuple[str, ...], ...] = ()) -> Ranking:
    """One target per query, at these ranks (from 1)."""
    queries = QuerySet(
        tuple(f"{name}-{i}" for i in range(len(ranks))), tuple((f"{name}-t{i}",) for i in range(len(ranks))), tags=tags
    )
    better = np.array(ranks) - 1
    return Ranking(queries, n, np.full(len(ranks), n), better, np.full(len(ranks), tied))


def test_a_benchmark_without_parts_has_plain_keys() -> None:
    result = measure(ranking("q", [1, 3, 9, 20]), ["R@1", "R@5", "median_rank"], headline=["R@1", "R@5"])
    assert result.metrics == pytest.approx({"R@1": 25, "R@5": 50, "median_rank": 6})
    assert result.headline == pytest.approx(37.5)
    assert result.parts == {"": PartSize(n_queries=4, n_gallery=20)}


def test_the_empty_part_name_is_a_benchmark_without_parts() -> None:
    assert measure({"": ranking("q", [1])}, ["R@1"]).metrics == {"R@1": 100}


def test_parts_are_averaged_without_weights() -> None:
    parts = {"dress": ranking("dress", [1, 30, 30, 30], n=40), "shirt": ranking("shirt", [1, 12], n=50)}
    result = measure(parts, ["R@10", "R@50"], headline=["mean/R@10", "mean/R@50"])
    assert result.metrics == pytest.approx(
        {"dress/R@10": 25, "shirt/R@10": 50, "mean/R@10": 37.5, "dress/R@50": 100, "shirt/R@50": 100, "mean/R@50": 100}
    )
    assert result.headline == pytest.approx((37.5 + 100) / 2)
    assert (result.n_queries, result.parts["dress"]) == (6, PartSize(4, 40))


def test_a_single_named_part_keeps_its_name() -> None:
    assert set(measure({"dress": ranking("d", [1])}, ["R@1"]).metrics) == {"dress/R@1", "mean/R@1"}


def test_subset_metrics_read_the_subset_ranking() -> None:
    part = PartRankings(ranking("q", [9, 9]), subset=ranking("q", [1, 2], n=5))
    result = measure(part, ["R@5", "R_subset@1"], headline=["R@5", "R_subset@1"])
    assert result.metrics == pytest.approx({"R@5": 0, "R_subset@1": 50})
    assert result.headline == pytest.approx(25)


def test_subset_metrics_need_a_subset_ranking() -> None:
    with pytest.raises(ConfigError, match="R_subset@1 needs a subset ranking"):
        measure(ranking("q", [1]), ["R_subset@1"])


def test_the_subset_ranking_must_be_of_the_same_queries() -> None:
    with pytest.raises(DataError, match="not of the same queries"):
        PartRankings(ranking("q", [1]), ranking("other", [1]))


def test_a_tag_of_one_part_is_of_that_parts_queries() -> None:
    parts = {"a": ranking("a", [1, 9]), "b": ranking("b", [9, 1, 9], tags=((), ("shape",), ("size",)))}
    assert measure(parts, ["R@1"]).tags == {"shape": {"n": 1, "R@1": 100}, "size": {"n": 1, "R@1": 0}}


def test_breakdown_by_tag_pools_the_parts() -> None:
    parts = {
        "a": ranking("a", [1, 9], tags=(("colour",), ("colour", "held out"))),
        "b": ranking("b", [1, 1], tags=(("colour",), ())),
    }
    tags = measure(parts, ["R@1"]).tags
    assert tags["colour"] == pytest.approx({"n": 3, "R@1": 200 / 3})
    assert tags["held out"] == {"n": 1, "R@1": 0}


def test_an_unmeasured_headline_is_refused_with_the_nearest_key() -> None:
    with pytest.raises(ConfigError, match=r"'mean/R@1'.*did you mean 'R@1'"):
        measure(ranking("q", [1]), ["R@1"], headline=["mean/R@1"])


@pytest.mark.parametrize("name", ["mean", "a/b", "tag:x"])
def test_part_names_that_would_make_ambiguous_keys_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        measure({name: ranking("q", [1])}, ["R@1"])


def test_no_queries_and_no_parts_are_refused() -> None:
    with pytest.raises(DataError, match="no queries"):
        measure(ranking("q", []), ["R@1"])
    with pytest.raises(DataError, match="no rankings"):
        measure({}, ["R@1"])
