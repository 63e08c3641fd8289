"""`ComposerContract` accepts sound composers and catches each fault by the check that is meant for it."""

from __future__ import annotations

import pytest

from cir_bench.testing import ComposerContract

FAULTS = {
    "undeclared": ("test_queries_and_candidates_fit_each_other", "token features are missing"),
    "same-width": ("test_queries_and_candidates_fit_each_other", "must match the size"),
    "other-width": ("test_queries_and_candidates_fit_each_other", "space main has two widths"),
    "other-dtype": ("test_queries_and_candidates_fit_each_other", "the embedding is torch.float64"),
    "nan-at-zero": ("test_values_are_finite_even_for_features_of_zeros", "is not finite"),
    "dropout": ("test_evaluation_has_no_randomness", "queries, main"),
    "unseeded": ("test_one_seed_one_composer", "weights mix.weight"),
    "centres-batch": ("test_a_row_does_not_depend_on_its_batch", "query 0, main"),
    "reads-padding": ("test_padding_is_not_read", "queries, main"),
    "first-candidate": ("test_scores_follow_the_order_of_the_gallery", "refined queries, main"),
    "peeks": ("test_composing_keeps_no_memory_of_candidates", "queries, main"),
    "in-place": ("test_features_are_not_changed", "pooled of the reference was changed"),
    "hidden": ("test_the_weights_are_all_in_the_state_dict", "queries, main"),
    "on-the-cpu": ("test_everything_is_on_the_device_of_the_features", "would mix devices.*cuda:0 and cpu"),
    "explains-one": ("test_explanations_are_of_the_queries", "'Shares' has not one row for each query"),
    "explains-the-batch": ("test_explanations_are_of_the_queries", "query 0 alone, Shares"),
    "explains-nothing": ("test_explanations_are_of_the_queries", "`explains` is false"),
    "explains-outside": ("test_explanations_are_of_the_queries", "'Best' has rows outside the gallery"),
    "explains-twice": ("test_explanations_are_of_the_queries", "two explanations have one title"),
    "idle": ("test_gradients_reach_every_trainable_parameter", "without gradient.*idle.weight"),
}


@pytest.mark.parametrize("name", ["sound", "tokens", "refines", "several-vectors", "explains"])
def test_a_sound_composer_passes(check, name):
    check(ComposerContract, name)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    test, message = FAULTS[name]
    with pytest.raises((AssertionError, ValueError, RuntimeError), match=message):
        check(ComposerContract, name, test)


def test_a_name_that_is_not_registered_is_told_with_the_broken_plugins(check):
    with pytest.raises(AssertionError, match="no ComposerSpec is named 'nothing'"):
        check(ComposerContract, "nothing", "test_one_seed_one_composer")
