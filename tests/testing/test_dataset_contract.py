"""`DatasetContract` accepts a sound data set and catches each fault by the check that is meant for it."""

from __future__ import annotations

import pytest
from PIL import Image

from cir_bench.testing import DatasetContract

FAULTS = {
    "same-ids": ("test_queries_are_well_formed", "two queries have one id"),
    "no-such-part": ("test_queries_are_well_formed", "there is no part 'dress'"),
    "target-outside": ("test_targets_and_subsets_are_in_the_gallery", "query 1: c is not in the gallery"),
    "repeated-candidate": ("test_targets_and_subsets_are_in_the_gallery", "names an image twice"),
    "shuffles": ("test_two_readings_agree", None),
    "not-there": ("test_references_exist_and_decode_to_rgb", "reference images are missing"),
    "grey": ("test_references_exist_and_decode_to_rgb", "a is L"),
    "one-digest": ("test_an_images_digest_is_that_of_its_content", "differ but have one digest"),
    "any-split": ("test_missing_splits_and_images_are_reported", "DID NOT RAISE"),
    "escapes": ("test_missing_splits_and_images_are_reported", "it claims to have ../outside"),
    "no-text": ("test_provenance_is_text", None),
    "one-draw": ("test_drawn_triplets_follow_from_seed_and_epoch", "every epoch has the same triplets"),
    "ends-early": ("test_drawn_triplets_follow_from_seed_and_epoch", "different numbers of triplets"),
    "forgets": ("test_drawn_triplets_follow_from_seed_and_epoch", "two draws of seed and epoch"),
    "strays": ("test_drawn_triplets_stay_among_the_images_asked_for", "a sampler among some images has others"),
    "lopsided-descriptions": ("test_drawn_triplets_stay_among_the_images_asked_for", "have other related images"),
    "no-triplets": ("test_training_triplets_are_well_formed", "no training triplets"),
}


class Squares(DatasetContract):
    def prepare(self, data_root):
        (data_root / "squares").mkdir()
        for place, name in enumerate("abc"):
            Image.new("L", (4, 4), 60 * place).save(data_root / "squares" / f"{name}.png")


@pytest.mark.parametrize("name", ["sound", "drawn"])
def test_a_sound_data_set_passes(check, name):
    check(Squares, name)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    test, message = FAULTS[name]
    with pytest.raises((AssertionError, pytest.fail.Exception), match=message):
        check(Squares, name, test)
