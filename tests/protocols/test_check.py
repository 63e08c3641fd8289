from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cir_bench import Query, Triplet
from cir_bench.protocols.check import check_protocol
from cir_bench.protocols.protocol import Protocol

Make = Callable[..., Protocol]
QUERIES = (Query("q-0", "a", ("x",), ("b",)), Query("q-1", "b", ("y",), ("c",)))


@pytest.fixture
def dataset(in_memory: Any) -> Any:
    return in_memory(QUERIES, {"": tuple("abcd")}, [Triplet("e", ("x",), "f")])


def test_what_is_expected_passes(dataset: Any, protocol: Make) -> None:
    expected = {"n_train": 1, "n_queries": {"": 2}, "n_gallery": {"": 4}, "chance": {"R@1": 25, "R@2": 50}}
    check = check_protocol(dataset, protocol(expected=expected))
    assert check.evaluation is not None
    assert (check.problems, check.notes) == ((), ())


def test_chance_counts_the_candidates_that_are_left(dataset: Any, protocol: Make) -> None:
    removed = protocol(reference="removed", expected={"chance": {"R@1": 33.3, "R@2": 66.7}})
    assert not check_protocol(dataset, removed).problems


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ({"n_train": 2}, "1 training triplets, 2 expected."),
        ({"n_queries": {"": 3}}, "2 queries, 3 expected."),
        ({"n_gallery": {"": 5}}, "4 gallery images, 5 expected."),
        ({"n_gallery": {"dress": 5}}, "dress: 0 gallery images, 5 expected."),
        ({"chance": {"R@1": 26}}, "a random ranking scores 25 % R@1, 26 expected."),
    ],
)
def test_every_difference_is_a_sentence(expected: dict[str, Any], sentence: str, dataset: Any, protocol: Make) -> None:
    assert check_protocol(dataset, protocol(expected=expected)).problems == (sentence,)


def test_chance_is_known_for_every_metric_of_the_protocol(in_memory: Any, protocol: Make) -> None:
    queries = (
        Query("q-0", "a", ("x",), ("b",), subset=("b", "d"), gains={"c": 0.5, "d": 1.0}),
        Query("q-1", "a", ("y",), ("d",), subset=("b", "d"), gains={"d": 1.0}),
    )
    chance = {"R_subset@1": 50, "R_target@1": 33.3, "R_soft@1": (50 + 33.33) / 2, "recall@1": 33.3, "R@1": 33.3}
    graded = protocol(
        reference="removed",
        metrics=list(chance),
        headline={"name": "R@1", "mean_of": ["R@1"]},
        expected={"chance": chance},
    )
    check = check_protocol(in_memory(queries, {"": tuple("abcd")}), graded)
    assert check.problems == ()
    assert check.notes == (
        "1 queries have graded images without their target, for which soft metrics therefore give nothing: q-0.",
    )


def test_a_target_outside_the_gallery_is_a_problem(in_memory: Any, protocol: Make) -> None:
    check = check_protocol(in_memory(QUERIES, {"": ("a", "b")}), protocol())
    assert check.problems == ("1 queries have a target outside the gallery: q-1.",)


def test_a_query_that_cannot_be_hit_and_an_empty_text_are_noted(in_memory: Any, protocol: Make) -> None:
    queries = (Query("q-0", "a", ("",), ("a",)), *QUERIES[1:])
    check = check_protocol(in_memory(queries, {"": tuple("abc")}), protocol(reference="removed"))
    assert not check.problems
    assert check.notes == (
        "1 queries can never be hit, because their target is their excluded reference: q-0.",
        "1 queries have an empty text: q-0.",
    )


def test_a_protocol_that_cannot_be_applied_says_why(dataset: Any, protocol: Make) -> None:
    check = check_protocol(dataset, protocol(split="test"))
    assert check.evaluation is None
    assert check.problems == ("no split 'test'",)


def test_repeated_queries_and_targets_out_of_reach_are_problems_unless_expected(in_memory: Any, protocol: Make) -> None:
    queries = (
        Query("q-0", "a", ("x",), ("b",)),
        Query("q-1", "a", ("x",), ("b",)),
        Query("q-2", "c", ("x",), ("c",)),
        Query("q-3", "a", ("x",), ("e",)),
    )
    dataset = in_memory(queries, {"": tuple("abcd")})
    assert check_protocol(dataset, protocol(reference="removed")).problems == (
        "1 queries have a target outside the gallery: q-3.",
        "1 queries repeat the reference, text and targets of another: q-1.",
    )
    published = {"n_queries": {"": 4}, "n_repeated": {"": 1}}
    assert check_protocol(dataset, protocol(reference="removed", expected=published)).problems == (
        "1 queries have a target outside the gallery: q-3.",
        "1 queries can never be hit, because their target is their excluded reference: q-2.",
    )
    expected = published | {"n_never_hit": {"": 1}}
    assert len(check_protocol(dataset, protocol(reference="removed", expected=expected)).problems) == 1


def test_a_target_outside_the_subset_is_a_problem(in_memory: Any, protocol: Make) -> None:
    queries = (Query("q-0", "a", ("x",), ("b",), subset=("c", "d")),)
    subset = protocol(metrics=["R_subset@1"], headline={"name": "R_subset@1", "mean_of": ["R_subset@1"]})
    problems = check_protocol(in_memory(queries, {"": tuple("abcd")}), subset).problems
    assert problems == ("1 queries have no target among the candidates of their subset ranking: q-0.",)
