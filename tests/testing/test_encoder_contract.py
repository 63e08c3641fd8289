"""`EncoderContract` accepts a sound encoder and catches each fault by the check that is meant for it."""

from __future__ import annotations

import pickle

import pytest

from cir_bench.testing import EncoderContract

FAULTS = {
    "lacks-tokens": ("test_it_gives_what_it_declares", "texts have"),
    "wrong-width": ("test_it_gives_what_it_declares", r"image: pooled \(3, 7\)"),
    "float-mask": ("test_it_gives_what_it_declares", "the mask is torch.float32"),
    "fails-on-empty": ("test_it_gives_what_it_declares", "a text is empty"),
    "other-when-alone": ("test_a_single_level_can_be_asked_for", "pooled of item 0"),
    "reads-padding": ("test_a_row_does_not_depend_on_its_batch", "pooled of item 0"),
    "centres-batch": ("test_a_row_does_not_depend_on_its_batch", "pooled of item 0"),
    "unpicklable": ("test_items_are_made_in_worker_processes", None),
    "augments-silently": ("test_items_are_made_in_worker_processes", "pooled"),
    "swaps-colours": ("test_items_of_decoded_pixels_are_those_of_images", "features differ by .* of the distance"),
    "blind": ("test_different_items_have_different_features", "pooled is the same for both"),
    "cuts-silently": ("test_it_names_the_texts_that_it_cuts", "texts that are too long are cut silently"),
    "counts-digests": ("test_it_is_identified_by_version_preprocess_and_weights", None),
    "fixed-digest": ("test_it_is_identified_by_version_preprocess_and_weights", "a changed weight has the same digest"),
    "same-image-digest": ("test_an_images_digest_is_that_of_its_content", None),
    "has-everything": ("test_it_says_which_images_it_has", None),
    "forgets-vocabulary": ("test_its_state_is_all_in_the_checkpoint", "text "),
    "no-groups": ("test_it_can_be_trained_if_it_says_so", "in no group"),
    "ignores-checkpointing": (
        "test_gradient_checkpointing_saves_memory_and_changes_no_number",
        "autograd keeps .* bytes",
    ),
    "counts-batches": (
        "test_gradient_checkpointing_saves_memory_and_changes_no_number",
        "after a step, block.2",
    ),
    "detached": ("test_it_can_be_trained_if_it_says_so", "does not require grad"),
}


def test_a_sound_encoder_passes(check):
    check(EncoderContract, "sound")


def test_items_of_pixels_may_depend_on_parameters(check):
    check(EncoderContract, "makes-no-items", "test_items_of_decoded_pixels_are_those_of_images")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    test, message = FAULTS[name]
    errors = (AssertionError, ValueError, RuntimeError, AttributeError, pickle.PicklingError)
    with pytest.raises(errors, match=message):
        check(EncoderContract, name, test)
