"""Comparing long lists: the first difference is told, and no list is laid out in full."""

import pytest

from cir_bench.plugin.testing.base import assert_same_items, assert_same_set

A_RANKING = tuple(f"image-{number}" for number in range(500))


def test_equal_items_are_equal_whatever_holds_them():
    assert_same_items(A_RANKING, list(A_RANKING), "two readings differ")
    assert_same_set(A_RANKING, reversed(A_RANKING), "two readings differ")


@pytest.mark.parametrize(
    ("found", "expected", "told"),
    [
        (["a", "b", "c"], ["a", "c", "b"], "two readings differ: at place 1, 'b' in place of 'c'"),
        (["a", "b"], ["a"], "two readings differ: at place 1, 'b' in place of nothing"),
        ([], [None], "two readings differ: at place 0, nothing in place of None"),
    ],
)
def test_the_first_difference_is_told(found, expected, told):
    with pytest.raises(AssertionError) as raised:
        assert_same_items(found, expected, "two readings differ")
    assert str(raised.value) == told


def test_a_name_that_one_side_lacks_is_told():
    with pytest.raises(AssertionError, match="other images: at place 1, 'b' in place of 'c'"):
        assert_same_set(["b", "a"], ["a", "c"], "other images")


def test_a_long_item_is_told_in_short():
    with pytest.raises(AssertionError) as raised:
        assert_same_items([A_RANKING], [A_RANKING[::-1]], "two runs differ")
    assert len(str(raised.value)) < 300
