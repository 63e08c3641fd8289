"""`PseudoWordContract` accepts a sound encoder and catches each fault by the check that is meant for it."""

from __future__ import annotations

import pytest

from cir_bench import ConfigError
from cir_bench.testing import PseudoWordContract

FAULTS = {
    "no-words": ("test_a_words_own_embedding_is_that_word", "the encoder NoWords has no pseudo-words; choose one"),
    "normalises-words": ("test_a_words_own_embedding_is_that_word", "with 'red' as the pseudo-word"),
    "every-dollar": ("test_a_dollar_in_a_caption_is_an_ordinary_character", "with 'red' as the pseudo-word"),
    "wrong-word-width": ("test_a_pseudo_word_has_the_declared_width", "9 is declared"),
    "undeclared-words": ("test_a_pseudo_word_has_the_declared_width", "its spec declares no pseudo-words"),
    "place-of-the-first": ("test_a_row_with_a_pseudo_word_does_not_depend_on_its_batch", r"style of \$', item 1"),
    "mixes-words": ("test_a_row_with_a_pseudo_word_does_not_depend_on_its_batch", r"that \{text\}', item 0"),
    "first-template": ("test_each_text_may_have_its_own_template", "with 'red' as the pseudo-word"),
    "detached-words": ("test_gradients_reach_the_pseudo_words", r"item 0 reaches the vectors \[\]"),
    "cuts-words": ("test_a_pseudo_word_is_never_cut", "the pseudo-word is cut"),
    "leaves-words-behind": ("test_it_reads_texts_as_before_afterwards", "plain texts have other features"),
    "accepts-all-templates": ("test_wrong_templates_and_vectors_are_refused", "DID NOT RAISE"),
}


class Contract(PseudoWordContract):
    def word_vector(self, encoder):
        return encoder.vectors_of(self.word)[0]


def test_a_sound_encoder_passes(check):
    check(Contract, "sound-words")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    test, message = FAULTS[name]
    with pytest.raises((AssertionError, ConfigError, pytest.fail.Exception), match=message):
        check(Contract, name, test)


def test_the_embedding_of_the_word_must_be_given(check):
    with pytest.raises(NotImplementedError, match="override word_vector"):
        check(PseudoWordContract, "sound-words", "test_a_words_own_embedding_is_that_word")
