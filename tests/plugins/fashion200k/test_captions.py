from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench_fashion200k.captions import change, clean

WORDS = st.sampled_from(["red", "long", "dress", "a", "b"])
CAPTIONS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)


@pytest.mark.parametrize(
    ("caption", "cleaned"),
    [
        (" red dress\n", "red dress"),
        ("14 in. skort", "14 indotmark skort"),
        ("gray celine 3.0 jacket", "gray celine 3dotmark0 jacket"),
        ("fit & flare", "fit andmark flare"),
        ("who*s who?", "whostarmarks whoquestionmark"),
        ("women's  t-shirt (Blue)", "women's  t-shirt (Blue)"),
    ],
)
def test_four_characters_become_words_and_nothing_else_changes(caption: str, cleaned: str) -> None:
    assert clean(caption) == cleaned


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("red long dress", "blue long dress", "replace red with blue"),
        ("black dress short", "long black dress", "replace short with long"),
        ("red short dress", "blue long dress", "replace red with blue"),  # the first that differs
        ("red dress", "red dress long", "replace dress with long"),  # no word of the source: its last one
        ("red long dress", "red dress", "replace long with dress"),
    ],
)
def test_the_first_words_that_differ_are_replaced(source: str, target: str, text: str) -> None:
    assert change(source, target) == text


@given(CAPTIONS, CAPTIONS)
def test_the_way_back_replaces_the_words_the_other_way_round(source: str, target: str) -> None:
    _, old, _, new = change(source, target).split()
    assert change(target, source) == f"replace {new} with {old}"
    assert old in source.split() and new in target.split()
