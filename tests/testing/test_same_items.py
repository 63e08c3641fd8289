"""Comparing long lists: the first difference is told, and no list is laid out in full."""

import pytest

from cir_bench import Query
from cir_bench.testing.asserts import assert_same_items, assert_same_set

A_RANKING = tuple(f"image-{number}" for number in range(500))


def test_equal_items_are_equal_whatever_holds_them():
    assert_same_items(A_RANKING, list(A_RANKING), "two readings differ")
    assert_same_set(A_RANKING, reversed(A_RANKING), "two readings differ")


@pytest.mark.parametrize(
    ("found", "expected", "told"),
    [
        (["a", "b", "c"], ["a", "c", "b"], "two readings differ: at place 1, 'b' instead of 'c'"),
        (["a", "b"], ["a"], "two readings differ: at place 1, 'b' instead of nothing"),
        ([], [None], "two readings differ: at place 0, nothing instead of None"),
    ],
)
def test_the_first_difference_is_told(found, expected, told):
    with pytest.raises(AssertionError) as raised:
        assert_same_items(found, expected, "two readings differ")
    assert str(raised.value) == told


def test_a_name_that_one_side_lacks_is_told():
    with pytest.raises(AssertionError, match="other images: at place 1, 'b' instead of 'c'"):
        assert_same_set(["b", "a"], ["a", "c"], "other images")


def test_a_long_item_is_told_in_short():
    with pytest.raises(AssertionError) as raised:
        assert_same_items([A_RANKING], [A_RANKING[::-1]], "two runs differ")
    assert len(str(raised.value)) < 300


def test_of_two_long_items_the_place_is_told_where_they_differ():
    """Shortened they would look the same: a ranking by its first few images, a query by its ends."""
    other = (*A_RANKING[:300], "image-0", *A_RANKING[301:])
    with pytest.raises(AssertionError) as raised:
        assert_same_items([A_RANKING, other], [A_RANKING, A_RANKING], "two runs differ")
    assert str(raised.value) == "two runs differ: at place 1, place 300, 'image-0' instead of 'image-300'"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"targets": ("b", "c")}, "targets, place 1, 'c' instead of nothing"),
        ({"gains": {"b": 0.5}}, "gains, 'b', 0.5 instead of 1.0"),
        ({"reference": "made/of/many/folders/1.png"}, "reference, 'made/of/many/folders/1.png' instead of 'a'"),
    ],
)
def test_of_two_queries_the_field_is_told(changes, told):
    query = {"id": "q0", "reference": "a", "captions": ("is red",), "targets": ("b",), "gains": {"b": 1.0}}
    with pytest.raises(AssertionError) as raised:
        assert_same_items([Query(**query | changes)], [Query(**query)], "read again, other queries")
    assert str(raised.value) == f"read again, other queries: at place 0, {told}"


def test_names_of_mixed_types_are_compared_too():
    with pytest.raises(AssertionError, match="other images: at place 1, nothing instead of 1"):
        assert_same_set(["a"], [1, "a"], "other images")
