from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Query
from cir_bench.protocols.protocol import Protocol
from cir_bench.protocols.text import QueryText, fill_template, query_texts, train_texts

CLIP4CIR = {"strip": ".?, ", "capitalise": True}
Make = Callable[..., Protocol]


def texts(protocol: Protocol, *captions: str, spelling: dict[str, str] | None = None) -> list[QueryText]:
    return query_texts("q", captions, protocol, spelling or {})


def test_clip4cir_strips_joins_and_capitalises_the_first_letter_of_the_whole(protocol: Make) -> None:
    made = texts(protocol(text=CLIP4CIR), " is Red, not blue. ", "Longer?")
    assert made == [QueryText("", ("Is Red, not blue and Longer",))]


def test_a_template_is_filled_with_the_text_and_the_context() -> None:
    query = Query("3", "a", ("has {two}",), ("b",), context={"concept": "a girl"})
    assert fill_template("find {concept} but {text}", "has {two}", query) == "find a girl but has {two}"
    assert fill_template("{text}", "has {two}", query) == "has {two}"


def test_a_template_that_names_what_a_query_lacks_is_refused_with_the_query() -> None:
    with pytest.raises(DataError, match="Query '3' has no 'concept', which the protocol's template"):
        fill_template("find {concept} but {text}", "x", Query("3", "a", ("x",), ("b",)))


def test_an_empty_caption_leaves_no_separator(protocol: Make) -> None:
    assert texts(protocol(text=CLIP4CIR), ".", "is red") == [QueryText("", ("Is red",))]
    assert texts(protocol(), "", "") == [QueryText("", ("",))]


def test_each_caption_is_a_query_and_empty_ones_are_dropped(protocol: Make) -> None:
    each = protocol(query_text="each")
    assert texts(each, "is red", "is long") == [QueryText("-a", ("is red",)), QueryText("-b", ("is long",))]
    assert texts(each, " ", "is long") == [QueryText("-b", ("is long",))]
    assert texts(each, "", "") == []


def test_suffixes_stay_unique_for_many_captions(protocol: Make) -> None:
    suffixes = [made.suffix for made in texts(protocol(query_text="each"), *["x"] * 60)]
    assert len(set(suffixes)) == 60
    assert suffixes[:2] == ["-a", "-b"]
    assert suffixes[25:28] == ["-z", "-aa", "-ab"]


def test_both_orders_are_two_queries(protocol: Make) -> None:
    made = texts(protocol(query_text="both-orders"), "a", "b")
    assert made == [QueryText("-a", ("a and b",)), QueryText("-b", ("b and a",))]


def test_mean_of_orders_is_one_query_with_two_texts(protocol: Make) -> None:
    assert texts(protocol(query_text="mean-of-orders"), "a", "b") == [QueryText("", ("a and b", "b and a"))]
    assert texts(protocol(query_text="mean-of-orders"), "a") == [QueryText("", ("a",))]


def test_single_refuses_several_captions_and_names_the_query(protocol: Make) -> None:
    assert texts(protocol(query_text="single"), "a") == [QueryText("", ("a",))]
    with pytest.raises(DataError, match="Query 'q' has 2 captions"):
        texts(protocol(query_text="single"), "a", "b")


def test_punctuation_becomes_space_and_words_are_corrected(protocol: Make) -> None:
    form = {"punctuation": "space", "spelling": "words"}
    made = texts(
        protocol(text=form), "has v-neck,  torquose", "Lonf", spelling={"torquose": "turquoise", "lonf": "long"}
    )
    assert made == [QueryText("", ("has v neck turquoise and long",))]


def test_whole_words_are_corrected_only(protocol: Make) -> None:
    made = texts(protocol(text={"spelling": "words"}), "lonfer lonf", spelling={"lonf": "long"})
    assert made[0].texts == ("lonfer long",)


def test_clip4cir_trains_on_four_texts(protocol: Make) -> None:
    four = protocol(train_text="clip4cir-four", text=CLIP4CIR)
    assert train_texts(("is red.", "is long"), four) == (
        "Is red and is long",
        "Is long and is red",
        "Is red",
        "Is long",
    )
    assert train_texts(("", "is long"), four) == ("Is long",)


def test_each_and_joined_train_on_the_captions(protocol: Make) -> None:
    assert train_texts(("a", "b"), protocol(train_text="each")) == ("a", "b")
    assert train_texts(("a", "b"), protocol(train_text="joined")) == ("a and b",)


@given(st.lists(st.text(max_size=8), max_size=4), st.sampled_from(["joined", "each", "clip4cir-four"]))
def test_a_triplet_always_has_a_text_and_never_the_same_twice(captions: list[str], policy: str) -> None:
    protocol = Protocol.model_validate(
        {"reference": "kept", "metrics": ["R@1"], "headline": {"name": "R@1", "mean_of": ["R@1"]}, "train_text": policy}
    )
    made = train_texts(captions, protocol)
    assert made
    assert len(set(made)) == len(made)
    assert "" not in made or made == ("",)
