"""Draws that are the same everywhere: held to the number."""

import hashlib

import numpy as np
import pytest

from cir_bench.statistics import draws


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array, dtype="<f8").tobytes()).hexdigest()[:12]


def test_they_are_what_they_were_when_the_committed_leaderboard_was_written():
    assert digest(np.vstack(list(draws.signs(100, 70)))) == "bf6ff6402517"
    assert digest(np.vstack(list(draws.resampled([5, 9], 100)))) == "da27534faf73"
    assert digest(draws.resampled_seeds((0, 1, 2), 100)) == "022d76404fea"
    assert digest(draws.uniform(100)) == "404e7019760f"


@pytest.mark.parametrize("make", [lambda: draws.signs(50, 70), lambda: draws.resampled([30, 40], 50)])
def test_the_size_of_a_chunk_changes_nothing(make, monkeypatch):
    whole = np.vstack(list(make()))
    monkeypatch.setattr(draws, "CHUNK", 500)
    assert len(list(make())) > 1
    assert np.array_equal(np.vstack(list(make())), whole)


def test_signs_are_even_and_independent():
    (drawn,) = draws.signs(20_000, 65)
    assert set(np.unique(drawn)) == {-1.0, 1.0}
    assert np.abs(drawn.mean(0)).max() < 0.03
    assert np.abs(np.corrcoef(drawn.T) - np.eye(65)).max() < 0.04


def test_items_are_drawn_within_their_part():
    (drawn,) = draws.resampled([3, 7], 1000)
    assert (drawn[:, :3].sum(1) == 3).all() and (drawn[:, 3:].sum(1) == 7).all()
    assert drawn.mean(0) == pytest.approx(1.0, abs=0.12)


def test_the_mean_of_redrawn_seeds_varies_as_the_mean_of_seeds_does():
    scores = np.array([30.0, 34.0, 35.0])
    means = draws.resampled_seeds((0, 1, 2), 40_000) @ scores
    assert means.mean() == pytest.approx(scores.mean(), abs=0.05)
    assert means.var() == pytest.approx(scores.var(ddof=1) / 3, rel=0.02)


def test_one_seed_is_always_drawn():
    assert (draws.resampled_seeds((4,), 10) == 1).all()


def test_uniform_numbers_leave_the_ends_out():
    drawn = draws.uniform(10_000)
    assert drawn.min() > 0 and drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
