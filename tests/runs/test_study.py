"""When a trial of a tuning is stopped, by the trials that it sees."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
import pytest

from cir_bench.records.tuning import SeenTrial
from cir_bench.runs.study import RANDOM_TRIALS, hopeless

EPOCHS = 8


def seen(*last: float) -> Sequence[SeenTrial]:
    """Finished trials that have risen evenly to their last scores."""
    rise = range(1, EPOCHS + 1)
    return [SeenTrial(value=score, scores=tuple(score * epoch / EPOCHS for epoch in rise)) for score in last]


def stopped_after(others: Sequence[SeenTrial], score: float) -> int | None:
    """The epoch after which a trial is stopped that has this score from the first one on."""
    judge = hopeless(others, EPOCHS)
    return next((epoch for epoch in range(1, EPOCHS + 1) if judge(score)), None)


def test_a_trial_below_the_median_of_its_epoch_is_stopped_once_others_have_come_further() -> None:
    others = seen(8, 16, 24, 32, 40)
    assert stopped_after(others, 25) is None
    assert stopped_after(others, 10) == 4, "the median was 9 after three epochs, and is 12 now"


def test_nothing_is_stopped_before_a_quarter_of_the_epochs() -> None:
    assert stopped_after(seen(8, 16, 24, 32, 40), 0.5) == EPOCHS // 4


@pytest.mark.parametrize("count", [0, RANDOM_TRIALS - 1])
def test_before_so_many_have_finished_none_is_stopped(count: int) -> None:
    assert stopped_after(seen(*[40] * count), 0) is None


def test_trials_that_did_not_finish_do_not_count_as_finished() -> None:
    unfinished = [SeenTrial(value=None, scores=(30.0, 30.0))] * 9
    assert stopped_after([*seen(40), *unfinished], 0) is None


def test_optuna_says_nothing_of_its_own() -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    hopeless([], EPOCHS)
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING
