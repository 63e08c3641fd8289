from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cir_bench.errors import DataError
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking

QUERIES = QuerySet(("q0", "q1"), (("a",), ("b", "c")))


def ranking(**changes: Any) -> Ranking:
    fields: dict[str, Any] = {
        "queries": QUERIES,
        "n_gallery": 6,
        "n_candidates": np.array([5, 6]),
        "better": np.array([0, 1, 1]),
        "tied": np.array([4, 2, 2]),
        "top_ids": (("a", "d"), ("e", "b", "c")),
        "top_k": 3,
    }
    return Ranking(**(fields | changes))


def test_tie_groups_collect_targets_that_tie() -> None:
    groups = ranking().groups
    assert groups.offsets.tolist() == [0, 1, 2]
    assert groups.better.tolist() == [0, 1]
    assert groups.size.tolist() == [5, 3]
    assert groups.hits.tolist() == [1, 2]
    assert groups.before.tolist() == [0, 0]


def test_groups_of_a_query_are_in_order_and_know_the_targets_before_them() -> None:
    groups = ranking(better=np.array([-1, 4, 0]), tied=np.array([0, 1, 2])).groups
    assert groups.offsets.tolist() == [0, 0, 2]
    assert groups.better.tolist() == [0, 4]
    assert groups.before.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"better": np.array([5, 1, 1])}, "query 'q0' has a rank outside its 5 candidates"),
        ({"better": np.array([0, 4, 4])}, "query 'q1' has a rank outside its 6 candidates"),
        ({"better": np.array([-2, 1, 1])}, "query 'q0' has a rank outside"),
        ({"tied": np.array([-1, 2, 2])}, "query 'q0' has a rank outside"),
        ({"better": np.array([-1, 1, 1])}, "query 'q0' has a rank outside"),
        ({"tied": np.array([4, 2, 3])}, "query 'q1' contradict each other"),
        ({"better": np.array([0, 1, 2])}, "query 'q1' contradict each other"),
        ({"tied": np.array([4, 0, 0])}, "query 'q1' contradict each other"),
        ({"better": np.array([0, 1])}, r"better has shape \(2,\), expected \(3,\)"),
        ({"n_candidates": np.array([5])}, "n_candidates has shape"),
        ({"top_ids": (("a",),)}, "2 queries came with 1 lists of top images"),
        ({"top_ids": (("a", "a"), ())}, "query 'q0' has the image 'a' twice"),
        ({"top_ids": (("a", "b", "c", "d"), ())}, "query 'q0' keeps 4 top images"),
        ({"top_scores": np.zeros((2, 2))}, r"top_scores has shape \(2, 2\)"),
        ({"top_scores": np.array([[1, 2, np.nan], [3, 2, 1]])}, "top scores of query 'q0'"),
        ({"top_scores": np.array([[2, 1, np.nan], [3, np.nan, 1]])}, "top scores of query 'q1'"),
        ({"top_scores": np.array([[2, 1, 0], [3, 2, 1]])}, "top scores of query 'q0'"),
        ({"top_k": 0}, "top_k must be at least 1"),
    ],
)
def test_contradictions_are_refused_and_name_the_query(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=f"(?i){sentence}"):
        ranking(**changes)


def test_an_excluded_image_among_the_top_is_refused() -> None:
    queries = QuerySet(("q0", "q1"), QUERIES.targets, (("d",), ()))
    with pytest.raises(DataError, match="Query 'q0' has the excluded image 'd'"):
        ranking(queries=queries)


def test_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        ranking().better[0] = 3


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ids": ("q", "q"), "targets": ((), ())}, "query id 'q' occurs more than once"),
        ({"ids": ("q",), "targets": (("a", "a"),)}, "'q' lists the target 'a' more than once"),
        ({"ids": ("q",), "targets": ()}, "1 query ids came with 0 lists of targets"),
        ({"ids": ("q",), "targets": ((),), "tags": ((), ())}, "1 query ids came with 2 lists of tags"),
        ({"ids": ("q",), "targets": ((),), "groups": ("a", "b")}, "1 query ids came with 2 groups"),
        ({"ids": ("q",), "targets": ("abc",)}, "one list of strings per query"),
    ],
)
def test_impossible_query_sets_are_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        QuerySet(**fields)
