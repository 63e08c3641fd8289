from __future__ import annotations

import numpy as np
import pytest

from cir_bench.errors import ConfigError, DataError
from cir_bench.evaluation.metrics import parse_metric, parse_metrics
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import CandidateSet, Ranking


def ranked(better: list[int], tied: list[int], targets: list[int], n: int) -> Ranking:
    """One query per entry of ``targets``, with that many targets, among n candidates."""
    names = iter(f"t{i}" for i in range(sum(targets)))
    queries = QuerySet(
        tuple(f"q{i}" for i in range(len(targets))), tuple(tuple(next(names) for _ in range(m)) for m in targets)
    )
    counts = np.full(len(targets), n)
    return Ranking(queries, n, counts, np.array(better), np.array(tied))


@pytest.mark.parametrize("name", ["R@1", "R@10", "recall@50", "mAP@5", "R_subset@3", "MRR", "median_rank"])
def test_names_are_parsed(name: str) -> None:
    assert parse_metric(name).name == name


@pytest.mark.parametrize(
    "name", ["R", "R@", "R@0", "R@-1", "R@1.5", "R@ten", "MRR@5", "median_rank@1", "r@1", "", "@1"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="There is no metric"):
        parse_metric(name)


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'R_subset@K'"):
        parse_metric("Rsubset@1")


def test_repeated_names_are_measured_once() -> None:
    assert [metric.name for metric in parse_metrics(["R@1", "R@5", "R@1"])] == ["R@1", "R@5"]


def test_only_subset_metrics_look_at_the_subset_ranking() -> None:
    assert parse_metric("R_subset@1").family.candidates is CandidateSet.SUBSET
    assert parse_metric("R@1").family.candidates is CandidateSet.GALLERY


def test_worked_example_of_hits_recall_and_precision() -> None:
    # targets at ranks 2 and 4 of ten; AP@5 = (1/2 + 2/4) / min(2, 5)
    ranking = ranked(better=[1, 3], tied=[0, 0], targets=[2], n=10)
    values = {name: parse_metric(name).per_query(ranking)[0] for name in ("R@1", "R@2", "recall@3", "mAP@5", "MRR")}
    assert values == pytest.approx({"R@1": 0, "R@2": 100, "recall@3": 50, "mAP@5": 50, "MRR": 50})


def test_average_precision_divides_by_the_smaller_of_targets_and_k() -> None:
    ranking = ranked(better=[0, 1, 2], tied=[0, 0, 0], targets=[3], n=10)
    assert parse_metric("mAP@2").per_query(ranking)[0] == pytest.approx(100)


def test_targets_that_are_never_hit_still_count_as_targets() -> None:
    ranking = ranked(better=[0, -1], tied=[0, 0], targets=[2], n=10)
    assert parse_metric("recall@10").per_query(ranking)[0] == pytest.approx(50)
    assert parse_metric("mAP@10").per_query(ranking)[0] == pytest.approx(50)


def test_metrics_over_groups_average_within_them_first() -> None:
    metric = parse_metric("mAP_trapezoid_subset_of_groups")
    worst = parse_metric("worst_AP_trapezoid_subset_of_groups")
    values = np.array([90.0, 10, 50, 20])
    assert metric.over_queries(values, ("mug", "mug", "tower", "mug")) == pytest.approx((40 + 50) / 2)
    assert worst.over_queries(values, ("mug", "mug", "tower", "mug")) == pytest.approx((10 + 50) / 2)
    assert not metric.family.is_mean
    with pytest.raises(DataError, match="mAP_trapezoid_subset_of_groups needs a group of every query, but 2 have none"):
        metric.over_queries(values, ("mug", "", "tower", ""))


def test_median_rank_is_infinite_when_half_of_the_queries_are_never_hit() -> None:
    ranking = ranked(better=[0, -1], tied=[0, 0], targets=[1, 1], n=10)
    metric = parse_metric("median_rank")
    assert metric.over_queries(metric.per_query(ranking), ("", "")) == np.inf


def test_large_tie_groups_keep_full_precision() -> None:
    # the mean of 1/rank over a million tied places, and a hypergeometric chance that gamma functions would blur
    n = 1_000_000
    single = ranked(better=[0], tied=[n - 1], targets=[1], n=n)
    assert parse_metric("MRR").per_query(single)[0] == pytest.approx(
        100 * np.sum(1 / np.arange(1, n + 1)) / n, rel=1e-9
    )
    assert parse_metric("R@50").per_query(single)[0] == pytest.approx(100 * 50 / n, rel=1e-9)
    several = ranked(better=[0] * 3, tied=[n - 1] * 3, targets=[3], n=n)
    none = (n - 50) * (n - 51) * (n - 52) / (n * (n - 1) * (n - 2))
    assert parse_metric("R@50").per_query(several)[0] == pytest.approx(100 * (1 - none), rel=1e-9)


def test_queries_without_targets_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"R@1 needs targets.*'q1'"):
        parse_metric("R@1").per_query(ranked(better=[0], tied=[0], targets=[1, 0], n=3))
