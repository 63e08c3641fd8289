from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from cir_bench import Query, Triplet
from cir_bench.errors import DataError
from cir_bench.protocols.build import check_headline, eval_set, provenance_of
from cir_bench.protocols.eval_set import EvalQuery
from cir_bench.protocols.holdout import held_out_set
from cir_bench.protocols.protocol import Protocol

Make = Callable[..., Protocol]
QUERIES = (
    Query("l-0", "a", ("x", "y"), ("b",), "left", tags=("t",)),
    Query("l-1", "b", ("x", "y"), ("c", "d"), "left"),
    Query("r-0", "e", ("x", "y"), ("f",), "right"),
)
GALLERIES = {"left": ("a", "b", "c", "d", "z"), "right": ("f", "e")}


@pytest.fixture
def dataset(in_memory: Any) -> Any:
    return in_memory(QUERIES, GALLERIES)


def test_a_query_cannot_hold_its_targets() -> None:
    assert {field.name for field in fields(EvalQuery)} == {
        "id",
        "reference",
        "texts",
        "part",
        "tags",
        "further_references",
    }


def test_the_official_gallery_keeps_its_order_and_truth_lies_apart(dataset: Any, protocol: Make) -> None:
    made = eval_set(dataset, protocol())
    left = made.parts["left"]
    assert left.gallery == ("a", "b", "c", "d", "z")
    assert left.queries[0] == EvalQuery("l-0", "a", ("x and y",), "left", ("t",))
    assert left.truth["l-1"].targets == ("c", "d")
    assert (made.n_queries, made.n_gallery) == ({"left": 2, "right": 1}, {"left": 5, "right": 2})


def test_a_union_gallery_is_the_references_and_targets_of_the_part(dataset: Any, protocol: Make) -> None:
    made = eval_set(dataset, protocol(gallery="union"))
    assert made.parts["left"].gallery == ("a", "b", "c", "d")
    assert made.parts["right"].gallery == ("e", "f")


def test_a_query_whose_captions_are_all_empty_still_counts_for_the_union(in_memory: Any, protocol: Make) -> None:
    queries = (*QUERIES[:2], Query("l-2", "z", ("", ""), ("b",), "left"))
    made = eval_set(in_memory(queries, {"left": ()}), protocol(gallery="union", query_text="each"))
    assert "z" in made.parts["left"].gallery
    assert [query.id for query in made.parts["left"].queries] == ["l-0-a", "l-0-b", "l-1-a", "l-1-b"]


@pytest.mark.parametrize(("policy", "excluded"), [("removed", ("a",)), ("kept", ())])
def test_the_reference_is_excluded_by_id_where_it_is_removed(
    policy: str, excluded: tuple[str, ...], dataset: Any, protocol: Make
) -> None:
    queries = eval_set(dataset, protocol(reference=policy)).parts["left"].query_set
    assert queries.excluded[0] == excluded
    assert queries.targets == (("b",), ("c", "d"))
    assert queries.tags == (("t",), ())


def test_all_queries_made_of_one_share_its_truth(dataset: Any, protocol: Make) -> None:
    left = eval_set(dataset, protocol(query_text="both-orders")).parts["left"]
    assert left.truth["l-1-a"] == left.truth["l-1-b"]
    assert [query.texts for query in left.queries[:2]] == [("x and y",), ("y and x",)]


def test_images_and_texts_are_each_listed_once(dataset: Any, protocol: Make) -> None:
    made = eval_set(dataset, protocol())
    assert made.images() == ("a", "b", "c", "d", "z", "f", "e")
    assert made.texts() == ("x and y",)


def test_missing_images_are_refused_with_count_examples_and_remedy(dataset: Any, protocol: Make) -> None:
    with pytest.raises(DataError, match=r"2 of 7 images of split 'val' are missing \(c, z\).*--allow-partial"):
        eval_set(dataset, protocol(), lambda image: image not in "cz")


def test_nothing_missing_is_not_partial(dataset: Any, protocol: Make) -> None:
    whole = eval_set(dataset, protocol(), lambda image: True, allow_partial=True)
    assert whole == eval_set(dataset, protocol())
    assert whole.missing == ()


def test_partial_leaves_out_images_and_the_queries_that_need_them(dataset: Any, protocol: Make) -> None:
    made = eval_set(dataset, protocol(reference="removed"), lambda image: image not in "ac", allow_partial=True)
    left = made.parts["left"]
    assert left.gallery == ("b", "d", "z")
    assert [query.id for query in left.queries] == ["l-1"]  # l-0 lost its reference, l-1 one of two targets
    assert left.truth["l-1"].targets == ("d",)
    assert set(left.truth) == {"l-1"}
    assert (made.missing, made.dropped) == (("a", "c"), ("l-0",))


def test_a_query_without_any_target_left_is_dropped(dataset: Any, protocol: Make) -> None:
    made = eval_set(dataset, protocol(), lambda image: image not in "cd", allow_partial=True)
    assert made.dropped == ("l-1",)


def test_a_query_whose_own_target_is_missing_is_dropped_where_a_metric_takes_it_alone(
    in_memory: Any, protocol: Make
) -> None:
    several = in_memory((Query("q", "a", ("x",), ("b", "c")), Query("p", "a", ("x",), ("c", "b"))), {"": "abc"})
    alone = protocol(metrics=["R_target@1"], headline={"name": "R", "mean_of": ["R_target@1"]})
    assert eval_set(several, alone, lambda image: image != "b", allow_partial=True).dropped == ("q",)
    assert eval_set(several, protocol(), lambda image: image != "b", allow_partial=True).dropped == ()


def test_gains_are_truth_only_where_a_metric_uses_them(in_memory: Any, protocol: Make) -> None:
    graded = in_memory(
        (Query("q", "a", ("x",), ("b",), gains={"c": 0.5}), Query("p", "a", ("x",), ("b",), gains={"b": 1.0})),
        {"": "abc"},
    )
    soft = protocol(metrics=["R_soft@1"], headline={"name": "R", "mean_of": ["R_soft@1"]})
    assert eval_set(graded, soft).parts[""].query_set.gains == ({"c": 0.5}, {"b": 1.0})
    assert eval_set(graded, protocol()).parts[""].query_set.gains == ({}, {})
    assert eval_set(graded, soft, lambda image: image != "c", allow_partial=True).dropped == ("q",)
    assert eval_set(graded, protocol(), lambda image: image != "c", allow_partial=True).dropped == ()


def test_held_out_targets_have_the_gain_1_for_soft_metrics(protocol: Make) -> None:
    soft = protocol(metrics=["R_soft@1"], headline={"name": "R", "mean_of": ["R_soft@1"]})
    held = held_out_set([Triplet("a", ("x",), "b"), Triplet("a", ("x",), "c")], soft).parts[""]
    assert held.query_set.gains == ({"b": 1.0, "c": 1.0},)


def test_an_evaluation_is_hidden_when_no_query_has_a_target(in_memory: Any, protocol: Make) -> None:
    unlabelled, labelled = Query("h", "a", ("x",), ()), Query("k", "a", ("x",), ("b",))
    assert eval_set(in_memory((unlabelled,), {"": ("a", "b")}), protocol()).hidden
    assert not eval_set(in_memory((unlabelled, labelled), {"": ("a", "b")}), protocol()).hidden


def test_an_unlabelled_query_of_a_hidden_test_set_is_kept(in_memory: Any, protocol: Make) -> None:
    hidden = in_memory((Query("h", "a", ("x",), ()),), {"": ("a", "b")})
    made = eval_set(hidden, protocol(), lambda image: image != "b", allow_partial=True)
    assert made.n_queries == {"": 1}


def test_a_part_that_loses_every_query_is_an_error(dataset: Any, protocol: Make) -> None:
    with pytest.raises(DataError, match="no query of part 'right' is left"):
        eval_set(dataset, protocol(), lambda image: image != "f", allow_partial=True)


def test_a_query_of_an_unknown_part_is_an_error(in_memory: Any, protocol: Make) -> None:
    with pytest.raises(DataError, match="Query 'r-0' belongs to part 'right'"):
        eval_set(in_memory(QUERIES, {"left": GALLERIES["left"]}), protocol())


def test_a_part_without_queries_is_an_error(in_memory: Any, protocol: Make) -> None:
    with pytest.raises(DataError, match="There are no queries in part 'right'"):
        eval_set(in_memory(QUERIES[:2], GALLERIES), protocol())


def test_subsets_are_handed_on_and_demanded(in_memory: Any, protocol: Make) -> None:
    queries = (Query("q", "a", ("x",), ("b",), subset=("a", "b", "c")), Query("p", "a", ("x",), ("b",)))
    part = eval_set(in_memory(queries[:1], {"": "abc"}), protocol()).parts[""]
    assert part.subsets() == (("a", "b", "c"),)
    with pytest.raises(DataError, match="Query 'p' has no subset"):
        eval_set(in_memory(queries, {"": "abc"}), protocol()).parts[""].subsets()


def test_a_spelling_dictionary_is_asked_of_the_data_set(in_memory: Any, protocol: Make) -> None:
    corrected = protocol(text={"spelling": "words"})
    made = eval_set(in_memory(QUERIES, GALLERIES, spelling={"x": "ex"}), corrected)
    assert made.parts["left"].queries[0].texts == ("ex and y",)
    with pytest.raises(DataError, match="InMemory has no spelling dictionary 'words'"):
        eval_set(in_memory(QUERIES, GALLERIES), corrected)


def test_provenance_names_the_dictionaries_that_the_protocol_reads_and_no_other(in_memory: Any, protocol: Make) -> None:
    plain, corrected = protocol(), protocol(text={"spelling": "words"})
    facts = [provenance_of(in_memory(QUERIES, GALLERIES, spelling={"x": right}), corrected) for right in ("ex", "ax")]
    assert set(facts[0]) == {f"spelling.words.{part}" for part in GALLERIES}
    assert all(len(digest) == 64 and digest != facts[1][key] for key, digest in facts[0].items())
    assert provenance_of(in_memory(QUERIES, GALLERIES, spelling={"x": "ex"}), plain) == {}


@pytest.mark.parametrize(
    ("galleries", "key", "sentence"),
    [
        ({"": "abc"}, "mean/R@1", "has no parts to take a mean over; choose a protocol without parts"),
        (GALLERIES, "R@1", "has the parts left, right, each with its own value; choose one with parts"),
        ({"": "abc"}, "R@1", None),
        (GALLERIES, "mean/R@1", None),
    ],
)
def test_a_headline_fits_the_parts_or_is_refused_before_anything_is_trained(
    galleries: Any, key: str, sentence: str | None, in_memory: Any, protocol: Make
) -> None:
    made = protocol(headline={"name": "x", "mean_of": [key]})
    if sentence is None:
        check_headline(in_memory(QUERIES, galleries), made)
        return
    with pytest.raises(DataError, match=f"headline is made of '{key}', but the data set {sentence}"):
        check_headline(in_memory(QUERIES, galleries), made)
