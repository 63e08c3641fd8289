"""The tests between rows: exact where they can be, equal to scipy's where they are drawn, honest about seeds."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cir_bench.statistics import randomisation
from cir_bench.statistics.randomisation import Sample, randomisation_tests


def p_of(a, b, seeds=(None, None)):
    """P-values of two arrays ``[S, Q]``, equally weighted."""
    a, b = np.atleast_2d(a).astype(float), np.atleast_2d(b).astype(float)
    rows = [Sample(tuple(range(len(x))) if s is None else s, x) for x, s in zip((a, b), seeds, strict=True)]
    (found,) = randomisation_tests([(rows[0], rows[1])], np.full(a.shape[1], 1 / a.shape[1]))
    return found


def test_the_same_row_twice_does_not_differ_at_all():
    values = np.random.default_rng(0).random((3, 50))
    assert p_of(values, values) == (1.0, 1.0)


@given(wins=st.integers(0, 20), losses=st.integers(0, 20))
def test_hits_and_misses_of_one_seed_are_a_sign_test_and_exact(wins, losses):
    a = np.array([100] * wins + [0] * losses + [100, 0])
    b = np.array([0] * wins + [100] * losses + [100, 0])
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert p_of(a, b) == pytest.approx((expected, expected))


def test_values_of_any_size_agree_with_scipy_s_permutation_test():
    rng = np.random.default_rng(5)
    a, b = rng.random(60) + 0.08, rng.random(60)
    theirs = stats.permutation_test(
        (a, b), lambda x, y, axis: (x - y).mean(axis), permutation_type="samples", n_resamples=20_000, random_state=1
    )
    assert p_of(a, b).queries == pytest.approx(theirs.pvalue, abs=0.015)


def test_few_queries_are_as_good_as_enumerated():
    a, b = np.array([3.0, 1.0, 2.5]), np.zeros(3)
    assert p_of(a, b).queries == pytest.approx(2 / 8, abs=0.02)


def test_it_does_not_matter_which_row_comes_first():
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 80)), rng.random((2, 80))
    assert p_of(a, b) == pytest.approx(p_of(b, a), abs=0.02)


def test_a_weight_of_a_query_is_its_weight_in_the_headline():
    a, b = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    rows = (Sample((0,), a), Sample((0,), b))
    (even,) = randomisation_tests([rows], np.array([0.5, 0.5]))
    (odd,) = randomisation_tests([rows], np.array([0.9, 0.1]))
    assert even.queries == 1.0
    assert odd.queries == pytest.approx(0.5, abs=0.02) or odd.queries == 1.0


def test_models_that_differ_are_not_yet_methods_that_do():
    """Three models each, clearly apart on the queries; but models of one method are as far apart as the methods."""
    rng = np.random.default_rng(2)
    easy = rng.random(3000)
    a = np.stack([100.0 * (easy < level) for level in (0.30, 0.36, 0.42)])
    b = np.stack([100.0 * (easy < level) for level in (0.41, 0.29, 0.35)])
    b[:, :60] = 100 - a[:, :60].round()
    found = p_of(a, b, ((0, 1, 2), (3, 4, 5)))
    assert found.seeds > 0.3 and found.seeds >= found.queries


def test_with_hardly_any_noise_of_queries_it_is_welch_s_test():
    a, b = np.repeat([[30.0], [31.0], [33.0]], 40, 1), np.repeat([[33.0], [35.5], [36.0]], 40, 1)
    jitter = np.tile([1e-6, -1e-6], 20)
    expected = stats.ttest_ind([30, 31, 33], [33, 35.5, 36], equal_var=False).pvalue
    signs_undone = p_of(a + jitter, b, ((0, 1, 2), (3, 4, 5)))
    # 40 queries that all agree leave only the seeds in doubt
    assert signs_undone.queries < 0.001
    assert signs_undone.seeds == pytest.approx(expected, abs=0.02)


def test_rows_with_the_same_seeds_are_paired_by_seed():
    level = np.array([[20.0], [40.0], [60.0]])
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (1, 400))
    a, b = level + noise, level - 1 + rng.normal(0, 0.01, (3, 1)) + noise * 0.5
    assert p_of(a, b).seeds < 0.05 < p_of(a, b, ((0, 1, 2), (3, 4, 5))).seeds


def test_one_seed_each_has_nothing_to_add():
    rng = np.random.default_rng(4)
    found = p_of(rng.random(50), rng.random(50))
    assert found.queries == found.seeds


def test_there_are_always_enough_draws_to_pass_holm_s_correction(monkeypatch):
    monkeypatch.setattr(randomisation, "N_DRAWS", 10)
    rng = np.random.default_rng(0)
    rows = [Sample((0,), rng.random((1, 40)) + shift) for shift in range(8)]
    pairs = [(rows[i], rows[j]) for i in range(8) for j in range(i)]
    found = randomisation_tests(pairs, np.full(40, 1 / 40))
    assert min(p.queries for p in found) * len(pairs) < 0.05


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31))
def test_never_zero_never_above_one(seed):
    rng = np.random.default_rng(seed)
    found = p_of(rng.random((2, 6)) > 0.5, rng.random((2, 6)) > 0.5)
    assert all(0 < p <= 1 for p in found) and found.seeds >= found.queries


def test_no_pairs_no_tests():
    assert randomisation_tests([], np.ones(3) / 3) == []


def test_scipy_is_imported_when_a_pair_is_tested_and_not_in_every_run():
    code = "import sys; import cir_bench.statistics.table; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
