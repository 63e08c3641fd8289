"""Two rows in detail."""

import numpy as np
import pytest

from cir_bench.statistics.rows import row_values
from cir_bench.statistics.versus import versus


@pytest.fixture
def two(cell):
    """One seed against two; dress and shirt, with tags."""
    tags = [["odd"] if place % 2 else ["even"] for place in range(6)]

    def make(*ranks):
        cells = [cell({"dress": r, "shirt": r[::-1]}, headline=("mean/R@10",), tags=tags) for r in ranks]
        return row_values(tuple(range(len(ranks))), cells, "mean/R@10")

    return make([1, 2, 30, 4, 50, 60]), make([1, 20, 3, 400, 50, 60], [1, 20, 3, 4, 50, 70])


def test_the_difference_is_that_of_the_headlines(two):
    found = versus(*two, "mean/R@10")
    assert (found.first, found.second) == pytest.approx((50.0, 100 * (2 + 3) / 2 / 6))
    assert found.pair.difference == pytest.approx(found.first - found.second)
    assert (found.pair.wins, found.pair.ties, found.pair.losses) == (4, 6, 2)


def test_it_is_broken_down_by_part_and_by_tag(two):
    found = {share.name: share for share in versus(*two, "mean/R@10").shares}
    assert list(found) == ["dress", "shirt", "tag:even", "tag:odd"]
    assert [found[name].n for name in found] == [6, 6, 6, 6]
    dress = found["dress"]
    assert (dress.first, dress.wins, dress.ties, dress.losses) == (50.0, 2, 3, 1)
    for share in found.values():
        assert share.interval[0] <= share.first - share.second <= share.interval[1]


def test_queries_that_flipped_are_named_the_clearest_first(two):
    found = versus(*two, "mean/R@10", n_flips=3)
    assert [(flip.query, flip.first, flip.second) for flip in found.won] == [
        ("dressq-001", 100, 0),
        ("shirtq-004", 100, 0),
        ("dressq-003", 100, 50),
    ]
    assert [(flip.query, flip.first_rank, flip.second_rank) for flip in found.lost] == [
        ("dressq-002", 30, 3),
        ("shirtq-003", 30, 3),
    ]
    assert found.won[0].part == "dress" and found.won[0].tags == ("odd",)


def test_none_are_named_unless_asked_for(two):
    found = versus(*two, "mean/R@10")
    assert (found.won, found.lost) == ((), ())


def test_a_row_against_itself_is_all_ties(two):
    found = versus(two[0], two[0], "mean/R@10", n_flips=5)
    assert found.pair.p == 1.0 and found.pair.wins == found.pair.losses == 0
    assert found.won == () and np.allclose([share.interval for share in found.shares], 0)
