"""`LossContract` accepts sound losses and catches each fault by the check that is meant for it."""

from __future__ import annotations

import pytest

from cir_bench.testing import LossContract

FAULTS = {
    "unreduced": ("test_it_is_one_finite_number_in_the_embeddings_dtype", "Size"),
    "infinite-masked": ("test_it_is_one_finite_number_in_the_embeddings_dtype", "isfinite"),
    "noisy": ("test_one_seed_one_value", "loss"),
    "first-only": ("test_the_order_of_the_batch_does_not_matter", "loss"),
    "backwards": ("test_right_answers_cost_less_than_wrong_ones", None),
    "own-score": ("test_it_is_about_the_score_that_it_is_given", None),
    "detached": (
        "test_gradients_reach_queries_and_targets_and_every_parameter",
        "space main of the target gets no",
    ),
    "wrong-gradient": ("test_the_gradient_is_the_derivative", "Jacobian mismatch"),
    "ignores-mask": ("test_another_copy_of_the_target_is_not_a_negative", "used as a negative: the loss rose"),
    "positives-only": ("test_another_copy_of_the_target_is_not_a_negative", "no other target of the batch"),
    "cpu-mask": ("test_it_is_on_the_device_of_the_embeddings", "would mix devices"),
    "hidden-scale": ("test_its_state_is_all_in_the_state_dict", "loss"),
}


def test_a_sound_loss_passes(check):
    check(LossContract, "sound")


def test_a_sound_loss_without_negatives_passes(check):
    class WithoutNegatives(LossContract):
        uses_negatives = False

    check(WithoutNegatives, "positives-only")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    test, message = FAULTS[name]
    with pytest.raises((AssertionError, RuntimeError), match=message):
        check(LossContract, name, test)
