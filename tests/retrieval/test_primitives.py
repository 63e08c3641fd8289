"""Steps of a search: numpy's way and torch's way come to the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cir_bench.retrieval.primitives import array, descending, kth_highest, listed, progression, tensor

LINES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(-3, 3))


def both(values: np.ndarray) -> tuple[np.ndarray, torch.Tensor]:
    return values.copy(), torch.from_numpy(values.copy())


def same(one: Any, other: Any) -> bool:
    return np.array_equal(np.asarray(one), np.asarray(other))


def test_a_tensor_on_a_cpu_becomes_an_array_of_the_same_memory_and_back() -> None:
    values = torch.zeros(3)
    array(values)[1] = 5
    assert values.tolist() == [0, 5, 0]
    assert tensor(array(values)).data_ptr() == values.data_ptr()
    assert tensor(values) is values


@given(LINES, st.data())
def test_the_kth_highest_is_that_of_sorting(values: np.ndarray, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, values.shape[1]))
    expected = np.sort(values, axis=1)[:, -k]
    assert all(same(kth_highest(each, k), expected) for each in both(values))


@given(LINES)
def test_descending_order_is_that_of_sorting(values: np.ndarray) -> None:
    expected = -np.sort(-values, axis=1)
    for each in both(values):
        order = np.asarray(descending(each))
        assert same(np.take_along_axis(values, order, axis=1), expected)
        assert same(np.sort(order, axis=1), np.broadcast_to(np.arange(values.shape[1]), values.shape))


@given(LINES, st.integers(0, 5))
def test_marks_are_listed_line_by_line_without_lines_that_have_too_many(values: np.ndarray, most: int) -> None:
    marks = values > 0
    left_out = np.flatnonzero(marks.sum(axis=1) > most)
    kept = marks.copy()
    kept[left_out] = False
    for each in both(marks):
        places, lines = listed(each, most)
        assert same(places, np.flatnonzero(kept))
        assert same(lines, left_out)


def test_a_progression_ends_before_its_stop() -> None:
    for like in both(np.zeros(1)):
        assert progression(7, 3, like).tolist() == [0, 3, 6]
        assert isinstance(progression(7, 3, like), type(like))
