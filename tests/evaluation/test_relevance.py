"""Soft metrics and metrics of one target alone: exact over ties, and what counts for what."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.errors import DataError
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.metrics import parse_metric
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import CandidateSet, Ranking
from cir_bench.retrieval.search import search
from cir_bench.retrieval.subsets import search_subsets

GALLERY = [f"image-{n}" for n in range(6)]
Graded = tuple[dict[str, int], dict[str, float], tuple[str, ...], tuple[str, ...]]


@st.composite
def graded_galleries(draw: st.DrawFn) -> Graded:
    """Few scores for many images, so that most tie; gains of any sign; targets that may have none; excluded images."""
    gallery = GALLERY[: draw(st.integers(1, 6))]
    names = st.sampled_from([*gallery, "not in the gallery"])
    scores = {image: draw(st.integers(0, 2)) for image in gallery}
    gains = draw(st.dictionaries(names, st.sampled_from([-1.0, 0.0, 0.2, 0.5, 1.0]), min_size=1, max_size=5))
    targets = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    return scores, gains, tuple(targets), tuple(draw(st.lists(names, max_size=2, unique=True)))


def ranking_of(case: Graded) -> Ranking:
    scores, gains, targets, excluded = case
    table = torch.tensor([list(scores.values())], dtype=torch.float32)
    queries = QuerySet(("query",), (targets,), (excluded,), gains=(gains,))
    return search(lambda q, g: table[q][:, g], queries, list(scores))


def orders(scores: Mapping[str, int], excluded: Sequence[str]) -> Iterator[list[str]]:
    """Every order of the candidates that their scores allow, each equally likely."""
    left = {image: score for image, score in scores.items() if image not in excluded}
    levels = [[image for image in left if left[image] == level] for level in (2, 1, 0)]
    for arranged in itertools.product(*(list(itertools.permutations(level)) for level in levels)):
        yield [image for level in arranged for image in level]


def soft(ranked: Sequence[str], gains: Mapping[str, float], k: int) -> float:
    """The best value among the first k; a hit without value, or none, is worth nothing."""
    best = 0.0
    for image in ranked[:k]:
        best = max(best, gains.get(image, 0.0))
    return best


@given(case=graded_galleries(), k=st.integers(1, 8))
def test_soft_recall_is_the_mean_over_all_orders_of_the_ties(case: Graded, k: int) -> None:
    scores, gains, _, excluded = case
    values = [soft(ranked, gains, k) for ranked in orders(scores, excluded)]
    measured = parse_metric(f"R_soft@{k}").per_query(ranking_of(case))
    assert measured == pytest.approx([100 * sum(values) / len(values)], rel=1e-9, abs=1e-9)


@given(case=graded_galleries(), k=st.integers(1, 8))
def test_recall_of_the_first_target_is_the_mean_over_all_orders(case: Graded, k: int) -> None:
    scores, _, targets, excluded = case
    hits = [targets[0] in ranked[:k] for ranked in orders(scores, excluded)]
    measured = parse_metric(f"R_target@{k}").per_query(ranking_of(case))
    assert measured == pytest.approx([100 * sum(hits) / len(hits)], rel=1e-9, abs=1e-9)


@given(case=graded_galleries(), k=st.integers(1, 8))
def test_gains_do_not_change_metrics_of_targets(case: Graded, k: int) -> None:
    scores, _, targets, excluded = case
    with_gains, plain = ranking_of(case), ranking_of((scores, {}, targets, excluded))
    for name in (f"R@{k}", f"recall@{k}", f"mAP@{k}", "MRR", "median_rank"):
        metric = parse_metric(name)
        assert metric.per_query(with_gains) == pytest.approx(metric.per_query(plain)), name


@given(case=graded_galleries(), k=st.integers(1, 8))
def test_a_constant_scorer_is_at_chance(case: Graded, k: int) -> None:
    scores, gains, targets, excluded = case
    level = dict.fromkeys(scores, 1)
    constant = constant_ranking(QuerySet(("query",), (targets,), (excluded,), gains=(gains,)), list(scores))
    tied = ranking_of((level, gains, targets, excluded))
    for name in (f"R_soft@{k}", f"R_target@{k}", f"R@{k}", f"mAP@{k}"):
        metric = parse_metric(name)
        assert metric.per_query(tied) == pytest.approx(metric.per_query(constant)), name


TABLE = torch.tensor([[5.0, 4, 3, 2, 1, 0]])


def ranked(gains: Mapping[str, float], target: str = "image-5", excluded: tuple[str, ...] = ()) -> Ranking:
    queries = QuerySet(("q",), ((target,),), (excluded,), gains=(gains,))
    return search(lambda q, g: TABLE[q][:, g], queries, GALLERY)


def value(ranking: Ranking, name: str) -> float:
    return float(parse_metric(name).per_query(ranking)[0])


def test_the_best_value_counts_and_not_the_first() -> None:
    made = ranked({"image-0": 0.2, "image-2": 1.0, "image-1": 0.5})
    assert [value(made, f"R_soft@{k}") for k in (1, 2, 3, 6)] == pytest.approx([20, 50, 100, 100])


def test_a_target_without_a_value_is_worth_nothing_and_an_excluded_image_is_never_hit() -> None:
    made = ranked({"image-0": 1.0, "image-4": 0.5}, target="image-1", excluded=("image-0",))
    assert (value(made, "R@1"), value(made, "R_soft@1"), value(made, "R_soft@5")) == pytest.approx((100, 0, 50))


def test_negative_values_are_no_loss() -> None:
    assert value(ranked({"image-0": -1.0}), "R_soft@1") == 0


def test_soft_recall_among_each_querys_own_candidates() -> None:
    queries = QuerySet(("q",), (("image-5",),), gains=({"image-4": 0.5, "image-0": 1.0},))
    few = search_subsets(lambda q, g: TABLE[q][:, g], queries, GALLERY, [["image-3", "image-4", "image-5"]])
    assert parse_metric("R_soft_subset@1").family.candidates is CandidateSet.SUBSET
    assert [value(few, f"R_soft_subset@{k}") for k in (1, 2, 3)] == pytest.approx([0, 50, 50])


def test_queries_without_gains_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"R_soft@1 needs gains \(graded truth\).*'q'"):
        value(ranked({}), "R_soft@1")


def test_only_relevant_images_can_be_targets() -> None:
    with pytest.raises(DataError, match="The rank of 'image-2' in query 'q' is unknown"):
        ranked({}).queries.choose((("image-2",),))


def test_gains_must_be_numbers_one_mapping_per_query() -> None:
    with pytest.raises(DataError, match="Query 'q' has a gain that is not finite"):
        QuerySet(("q",), ((),), gains=({"a": np.nan},))
    with pytest.raises(DataError, match="1 query ids came with 2 lists of gains"):
        QuerySet(("q",), ((),), gains=({}, {}))
