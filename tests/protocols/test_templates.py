"""Templates of pseudo-words, taken apart into what a text tower is given."""

from __future__ import annotations

import pytest

from cir_bench.errors import ConfigError
from cir_bench.interfaces.levels import Needs
from cir_bench.protocols.templates import Templates, word_template, word_template_of


@pytest.mark.parametrize(
    ("template", "around", "sentence"),
    [
        ("a photo of $ that {text}", "a photo of $ that {text}", "{text}"),
        ("a {text} of $", "a {text} of $", "{text}"),
        ("a photo of $ , {concept} that {text}.", "a photo of $ , {text}.", "{concept} that {text}"),
        ("{text} of {concept}: $", "{text}: $", "{text} of {concept}"),
    ],
)
def test_the_caption_is_from_the_first_name_to_the_last(template: str, around: str, sentence: str) -> None:
    assert word_template(template) == (around, sentence)


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("a photo that {text}", "one \\$"),
        ("$ and $ that {text}", "one \\$"),
        ("a photo of $", r"one \{text\}"),
        ("$ {text} or {text}", r"one \{text\}"),
        ("$ {{text}} {text}", r"one \{text\}"),
        ("{concept} $ {text}", "one side of the \\$"),
        ("$ {text!r}", "plain names"),
    ],
)
def test_a_template_that_cannot_be_read_is_refused(template: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        word_template(template)
    with pytest.raises(ConfigError, match=wrong):
        word_template_of(Templates(), Needs(pseudo_words=True, template=template))


def test_the_protocols_template_comes_before_the_methods_own() -> None:
    own = Needs(pseudo_words=True, template="the $ that {text}")
    assert word_template_of(Templates(), own) == word_template("the $ that {text}")
    assert word_template_of(Templates(pseudo_word="a {text} of $"), own) == word_template("a {text} of $")
    assert word_template_of(Templates(pseudo_word="a {text} of $"), Needs()) is None


def test_a_wrapper_has_the_template_of_what_it_wraps() -> None:
    wrapped = Needs(pseudo_words=True, template="the $ that {text}")
    assert (Needs() | wrapped).template == "the $ that {text}"
    assert (wrapped | Needs()).template == "the $ that {text}"
