"""Holm's correction, and tie groups of a relation that is not transitive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.statistics.table import holm, tie_groups


def test_holm_on_numbers_worked_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_corrected_values_keep_the_order_and_only_grow(ps):
    corrected = holm(ps)
    assert all(1 >= c >= p for c, p in zip(corrected, ps, strict=True))
    ranked = sorted(zip(ps, corrected, strict=True))
    assert [c for _, c in ranked] == sorted(c for _, c in ranked)


def apart(*pairs):
    told = {frozenset(pair) for pair in pairs}
    return lambda a, b: frozenset((a, b)) in told


def test_no_difference_is_one_group_and_every_difference_a_ranking():
    assert tie_groups(3, apart()) == [1, 1, 1]
    assert tie_groups(3, apart((0, 1), (0, 2), (1, 2))) == [1, 2, 3]


def test_a_group_is_what_does_not_differ_from_its_best():
    # 0 and 1 do not differ, nor do 1 and 2; but 0 and 2 do
    assert tie_groups(3, apart((0, 2))) == [1, 1, 3]


def test_a_row_far_down_that_does_not_differ_from_the_best_shares_its_place():
    assert tie_groups(4, apart((0, 1), (0, 3), (1, 3))) == [1, 3, 1, 4]


@given(st.integers(0, 12), st.randoms(use_true_random=False))
def test_places_are_those_of_a_competition(count, rng):
    told = {frozenset((a, b)) for a in range(count) for b in range(a) if rng.random() < 0.5}
    places = tie_groups(count, lambda a, b: frozenset((a, b)) in told)
    assert sorted(places) == sorted(1 + sum(other < place for other in places) for place in places)
    for place in set(places):
        leader, *others = [row for row in range(count) if places[row] == place]
        assert all(frozenset((leader, row)) not in told for row in others)
