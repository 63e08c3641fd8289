"""Lists of gallery rows that are named when they are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from cir_bench.retrieval.passes import NamedRows

NAMED = NamedRows(np.array([[2, 0], [1, -1], [-1, -1]]), ["a", "b", "c"])
EXPECTED = (("c", "a"), ("b",), ())


def test_a_list_ends_before_its_first_missing_row() -> None:
    assert tuple(NAMED) == EXPECTED
    assert [NAMED[place] for place in range(3)] == list(EXPECTED)
    assert (len(NAMED), NAMED[-1], NAMED[1:]) == (3, (), EXPECTED[1:])


def test_lists_are_equal_to_what_holds_the_same_names() -> None:
    assert NAMED == EXPECTED
    assert list(EXPECTED) == NAMED
    assert NamedRows(np.array([[0, 1]]), ["a", "b"]) == NamedRows(np.array([[1, 0]]), ["b", "a"])
    assert list(EXPECTED[:2]) != NAMED
    assert NAMED != (("a", "c"), ("b",), ())
    assert NAMED != 3


def test_a_place_behind_the_end_is_an_error() -> None:
    with pytest.raises(IndexError):
        NAMED[3]
