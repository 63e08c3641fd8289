"""Intervals, held against scipy's."""

import numpy as np
import pytest
from scipy import stats

from cir_bench.statistics.bootstrap import bootstrap, interval
from cir_bench.statistics.rows import row_values

RNG = np.random.default_rng(3)


def ends(row, key="R@1"):
    return interval(bootstrap([row])[0][key])


def test_over_queries_it_is_scipy_s_percentile_interval(row):
    hits = RNG.random(400) < 0.3
    theirs = stats.bootstrap((100.0 * hits,), np.mean, method="percentile", n_resamples=9999, random_state=1)
    assert ends(row(hits)) == pytest.approx(tuple(theirs.confidence_interval), abs=0.5)


def test_parts_are_resampled_each_by_itself(cell):
    ranks = {"dress": np.where(RNG.random(300) < 0.1, 1, 9), "shirt": np.where(RNG.random(60) < 0.6, 1, 9)}
    (one,) = [row_values((0,), [cell(ranks, headline=("mean/R@1",))], "mean/R@1")]
    theirs = stats.bootstrap(
        tuple(100.0 * (some == 1) for some in ranks.values()),
        lambda a, b, axis: (a.mean(axis) + b.mean(axis)) / 2,
        method="percentile",
        n_resamples=9999,
        random_state=1,
    )
    assert ends(one, "mean/R@1") == pytest.approx(tuple(theirs.confidence_interval), abs=0.6)
    low, high = ends(one, "dress/R@1")
    assert low < 100 * (ranks["dress"] == 1).mean() < high


def test_seeds_that_differ_make_it_wider_and_seeds_that_do_not_leave_it(row):
    hits = RNG.random(1000) < 0.3
    alone = ends(row(hits))
    assert ends(row(np.stack([hits, hits, hits]))) == pytest.approx(alone)
    other = np.stack([hits, hits & (RNG.random(1000) < 0.8), hits | (RNG.random(1000) < 0.1)])
    low, high = ends(row(other))
    assert high - low > 1.5 * (alone[1] - alone[0])


def test_both_sources_of_variation_add_up(row):
    """Crossed: the variance of the redrawn means is that of the queries and that of the seeds together."""
    shifts = np.array([[-0.06], [0.0], [0.06]])
    values = row(RNG.random((3, 1500)) < 0.3 + shifts)
    by_seed = values.values["R@1"].mean(1)
    expected = values.values["R@1"].mean(0).var() / 1500 + by_seed.var(ddof=1) / 3
    assert bootstrap([values])[0]["R@1"].var() == pytest.approx(expected, rel=0.1)


def test_rows_are_drawn_alike_so_that_differences_are_paired(row):
    hits = RNG.random((3, 500)) < 0.3
    first, second = bootstrap([row(hits), row(hits)])
    assert all(np.array_equal(first[key], second[key]) for key in first)


def test_the_interval_covers_the_truth_as_often_as_it_says(row, monkeypatch):
    monkeypatch.setattr("cir_bench.statistics.bootstrap.N_RESAMPLES", 400)  # enough for one digit, and fast
    covered = 0
    for trial in range(200):
        hits = np.random.default_rng(trial).random((1, 300)) < 0.3
        low, high = ends(row(hits))
        covered += low <= 30 <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_nothing_is_made_of_no_rows():
    assert bootstrap([]) == []
