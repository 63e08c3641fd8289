import pytest
import torch

from cir_bench import ConfigError
from cir_bench.utils import pseudo_word_parts, pseudo_word_rows


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("a photo of $ that {text}", ("a photo of", "$", "that", "{text}")),
        ("a photo of $, {text}", ("a photo of", "$", ",", "{text}")),
        ("{text}$", ("{text}", "$")),
        ("  $ {text} ", ("$", "{text}")),
    ],
)
def test_a_template_is_split_at_its_placeholders(template, parts):
    assert pseudo_word_parts(template, ["costs $ 5", "{text}"], torch.zeros(2, 4), 4) == parts


def test_without_captions_a_template_needs_no_place_for_them():
    assert pseudo_word_parts("a photo of $", ["", ""], torch.zeros(2, 4), 4) == ("a photo of", "$")


@pytest.mark.parametrize(
    ("template", "shape", "message"),
    [
        ("a photo that {text}", (2, 4), r"has no placeholders \$ for the pseudo-word; write exactly one"),
        ("$ and $ {text}", (2, 4), r"has 2 placeholders \$ for the pseudo-word"),
        ("$ {text} {text}", (2, 4), r"has 2 placeholders \{text\} for the caption"),
        ("$ {caption}", (2, 4), r"has no placeholders \{text\} for the caption"),
        ("$ {text}", (2, 5), r"vectors of the pseudo-words are \[2, 5\], but this encoder's words have width 4"),
        ("$ {text}", (4,), r"vectors of the pseudo-words are \[4\]"),
        ("$ {text}", (2, 1, 4), r"vectors of the pseudo-words are \[2, 1, 4\]"),
        ("$ {text}", (3, 4), r"there are 3 pseudo-words for 2 captions"),
    ],
)
def test_what_does_not_fit_is_one_sentence(template, shape, message):
    with pytest.raises(ConfigError, match=message):
        pseudo_word_parts(template, ["is red", ""], torch.zeros(shape), 4)


def test_each_text_may_have_its_own_template():
    found = pseudo_word_rows(["$ in $", "the $ , {text}"], ["", "costs $5"], torch.zeros(2, 4), 4)
    assert found == [("$", "in", "$"), ("the", "$", ",", "{text}")]
    assert pseudo_word_rows("a $", ["", ""], torch.zeros(2, 4), 4) == [("a", "$")] * 2


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        (["$"], "there are 1 templates for 2 captions"),
        (["$ {text}", "a {text}"], r"the template 'a \{text\}' has no placeholder \$"),
        (["$", "$"], r"has no placeholders \{text\} for the caption"),
        (["$ {text}", "$ {text} {text}"], r"has 2 placeholders \{text\}"),
    ],
)
def test_templates_that_do_not_fit(templates, message):
    with pytest.raises(ConfigError, match=message):
        pseudo_word_rows(templates, ["is red", ""], torch.zeros(2, 4), 4)
