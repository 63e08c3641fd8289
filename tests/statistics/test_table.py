"""What must be seen: the same method twice is one group; 2 % of flipped rankings are told apart; equal is equal."""

from itertools import combinations

import numpy as np
import pytest

from cir_bench.statistics.randomisation import Sample, randomisation_tests
from cir_bench.statistics.table import holm, table_statistics

N_CSS, N_FASHIONIQ = 2053, 6016


def worse(hits, share, rng):
    """A share of the queries flipped: a target among the first is among the last, and the other way round never."""
    return hits & (rng.random(hits.shape) >= share)


def table(rows, compared=None):
    return table_statistics(rows, [True] * len(rows) if compared is None else compared, "R@1")


@pytest.mark.parametrize(("seeds", "n_queries"), [(1, N_CSS), (5, N_CSS), (3, N_FASHIONIQ)])
def test_the_same_twice_shares_a_place_and_a_slightly_worse_one_is_told_apart(row, seeds, n_queries):
    rng = np.random.default_rng(0)
    hits = rng.random((seeds, n_queries)) < rng.beta(0.6, 1.1, n_queries)
    found = table([row(hits), row(hits), row(worse(hits, 0.02, rng))])
    assert found.groups == (1, 1, 3)
    assert [found.beaten_by(place) for place in range(3)] == [[2], [2], []]
    assert found.pairs[0].difference == 0 and found.pairs[0].p == 1.0 and found.pairs[0].ties == n_queries


def test_a_hundred_queries_are_too_few_for_that(row):
    rng = np.random.default_rng(0)
    hits = rng.random((3, 100)) < 0.35
    assert table([row(hits), row(worse(hits, 0.02, rng))]).groups == (1, 1)


def test_a_pair_says_all_that_there_is_to_say(row):
    first, second = np.arange(100) < 40, np.arange(100) >= 90
    (pair,) = table([row(first), row(second)]).pairs
    assert (pair.first, pair.second, pair.wins, pair.ties, pair.losses) == (0, 1, 40, 50, 10)
    assert pair.difference == pytest.approx(30.0)
    low, high = pair.interval
    assert low < 30 < high and low > 0
    assert pair.differ and pair.p_queries == pair.p_holm == pair.p_seeds


def test_holm_s_correction_is_over_the_table(row):
    rng = np.random.default_rng(1)
    rows = [row(rng.random(200) < level) for level in (0.5, 0.4, 0.35)]
    found = table(rows).pairs
    assert [pair.p_holm for pair in found] == pytest.approx(holm([pair.p_queries for pair in found]))


def test_a_sentinel_has_an_interval_but_is_not_compared_and_an_unknown_row_has_neither(row):
    hits = np.arange(60) < 30
    found = table([row(hits), None, row(~hits)], [True, True, False])
    assert found.groups == (1, None, None)
    assert [bool(one) for one in found.intervals] == [True, False, True]
    assert found.pairs == ()


def test_no_rows_is_an_empty_table():
    assert table([]) == table_statistics([], [], "R@1")
    assert table([None]).groups == (None,)


def equal_methods(rng, count, seeds, n_queries=400, seed_sd=0.0):
    easy = rng.beta(0.35, 0.65, n_queries)
    return [
        Sample(
            tuple(range(seeds)), 100.0 * (rng.random((seeds, n_queries)) < easy + rng.normal(0, seed_sd, (seeds, 1)))
        )
        for _ in range(count)
    ]


def claims(tables, weights):
    found = []
    for rows in tables:
        tested = randomisation_tests(list(combinations(rows, 2)), weights)
        found += [max(p, one.seeds) < 0.05 for p, one in zip(holm([t.queries for t in tested]), tested, strict=True)]
    return found


@pytest.fixture
def fewer_draws(monkeypatch):
    monkeypatch.setattr("cir_bench.statistics.randomisation.N_DRAWS", 999)


@pytest.mark.usefixtures("fewer_draws")
def test_of_two_hundred_pairs_of_equal_methods_at_most_one_in_twenty_is_claimed():
    rng = np.random.default_rng(0)
    found = claims([equal_methods(rng, 5, 1) for _ in range(20)], np.full(400, 1 / 400))
    assert len(found) == 200 and sum(found) <= 10


@pytest.mark.usefixtures("fewer_draws")
def test_nor_where_seeds_differ_more_than_queries_do():
    rng = np.random.default_rng(0)
    tables = [equal_methods(rng, 2, 3, seed_sd=0.04) for _ in range(200)]
    weights = np.full(400, 1 / 400)
    alone = [randomisation_tests([(a, b)], weights)[0].queries < 0.05 for a, b in tables]
    assert sum(claims(tables, weights)) <= 10 < sum(alone)
