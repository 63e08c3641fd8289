"""`RerankerContract` accepts a sound second stage and catches each fault by the check that is meant for it."""

from __future__ import annotations

import pytest

from cir_bench.testing import RerankerContract

FAULTS = {
    "no-second-stage": ("test_every_candidate_gets_one_finite_score", "the method has no second stage"),
    "flat-scores": ("test_every_candidate_gets_one_finite_score", r"the scores are \[20\]"),
    "divides-by-text": ("test_every_candidate_gets_one_finite_score", "of zeros is not finite"),
    "listwise": ("test_a_score_depends_on_its_own_pair_alone", "candidate 0 of query 0, alone"),
    "whole-batch": ("test_a_score_depends_on_its_own_pair_alone", "candidate 0 of query 0, alone"),
    "wrong-order": ("test_a_score_depends_on_its_own_pair_alone", "candidate 1 of query 0, alone"),
    "reads-candidates-padding": ("test_a_score_reads_no_padding", "other padding"),
    "changes-candidates": ("test_a_score_reads_no_padding", "changed in place: tokens"),
    "random-scores": ("test_scoring_pairs_has_no_randomness", "another state of the random generator"),
    "scores-on-cpu": ("test_pairs_are_scored_on_the_device_of_the_features", "would mix devices"),
    "unsaved-second-stage": ("test_the_second_stages_weights_are_all_in_the_state_dict", "scores"),
}


def test_a_sound_second_stage_passes(check):
    check(RerankerContract, "sound-second-stage")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    test, message = FAULTS[name]
    with pytest.raises(AssertionError, match=message):
        check(RerankerContract, name, test)
