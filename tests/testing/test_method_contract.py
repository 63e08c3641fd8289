"""`MethodContract` accepts a sound method and catches each fault by the check that is meant for it."""

from __future__ import annotations

import pytest

from cir_bench.errors import ConfigError
from cir_bench.testing import MethodContract

PUBLISHED = "test_a_published_file_brings_everything_back"
FAULTS = {
    "doubled-weights": (PUBLISHED, "main"),
    "lost-width": (PUBLISHED, "names nothing.weight, which is not in the file"),
    "remembers-targets": ("test_targets_of_training_leave_no_trace_in_queries", "queries, main"),
    "uses-teacher": ("test_weights_only_for_training_are_not_used_at_evaluation", "queries, main"),
    "no-steps": ("test_every_step_has_finite_terms_and_a_declared_optimiser", "yields no step"),
    "nan-term": ("test_every_step_has_finite_terms_and_a_declared_optimiser", "is not finite"),
    "unknown-optimiser": (
        "test_every_step_has_finite_terms_and_a_declared_optimiser",
        "'teacher' is not one of",
    ),
    "unknown-weight": ("test_every_step_has_finite_terms_and_a_declared_optimiser", "a weight for a term"),
    "forgets-teacher": ("test_gradients_reach_every_trainable_parameter", "no optimiser steps.*teacher.weight"),
    "twice-in-groups": ("test_gradients_reach_every_trainable_parameter", "in two groups"),
    "idle-parameter": ("test_gradients_reach_every_trainable_parameter", "without gradient.*idle"),
    "same-stages": ("test_stage_names_are_unique", None),
    "trains-cosines": ("test_the_score_in_training_is_the_score_at_evaluation", "Composer.scorer"),
    "far-default": ("test_defaults_of_tunable_parameters_lie_in_their_ranges", r"tau=2 is not in 0\.1 … 1"),
    "closed-end": ("test_it_trains_with_both_ends_of_tunable_ranges", "dropout"),
    "sharp-end": ("test_it_trains_with_both_ends_of_tunable_ranges", "is not finite"),
    "cpu-term": ("test_training_is_on_the_device_of_the_features", "these tensors are not: .*'constant': 'cpu'"),
    "climbs": ("test_training_lowers_the_loss", "the loss went from"),
}


def test_a_sound_method_with_a_teacher_passes(check):
    check(MethodContract, "sound")


def test_a_method_that_trains_a_score_of_its_own_passes(check):
    check(MethodContract, "own-score")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    test, message = FAULTS[name]
    with pytest.raises((AssertionError, ConfigError), match=message):
        check(MethodContract, name, test)
