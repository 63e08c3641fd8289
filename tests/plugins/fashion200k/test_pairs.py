"""Training pairs: which there are, how often each is drawn, and that a draw is its seed's and epoch's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from cir_bench import DataError, Triplet
from cir_bench_fashion200k.captions import change, clean
from cir_bench_fashion200k.pairs import CaptionPairs

CAPTIONS = {
    "a": "red short dress",
    "b": "red long dress",
    "c": "blue short dress",
    "d": "blue long dress",
    "e": "green short dress",
    "f": "red short dress",
    "g": "red short skirt",
    "h": "short red dress",
    "i": "nothing like it at all",
}
SMALL = st.dictionaries(
    st.integers(0, 30).map(str), st.lists(st.sampled_from("xyzw"), min_size=1, max_size=3).map(" ".join), min_size=2
)


def one_word_apart(source: str, target: str) -> bool:
    """Spelled out anew: without one word each, which is not the same word, the two are equal."""
    return any(
        [w for w in source.split() if w != old] == [w for w in target.split() if w != new]
        for old in source.split()
        for new in target.split()
        if old != new
    )


def odds(source: str, captions: Sequence[str]) -> dict[str, float]:
    """The published procedure, spelled out anew: the chance of each target caption for a source caption."""

    def parents(caption: str) -> dict[str, str]:
        return {
            " ".join(w for w in caption.split() if w != word): word for word in dict.fromkeys(caption.split())
        }  # parent: the word taken out

    children: dict[str, dict[str, str]] = defaultdict(dict)
    for caption in captions:
        for parent, word in parents(caption).items():
            children[parent][caption] = word
    usable = [parent for parent in parents(source) if len(set(children[parent].values())) > 1]
    chances: Counter[str] = Counter()
    for parent in usable:
        for caption, word in children[parent].items():
            if word != parents(source)[parent]:  # else thrown away, the parent with it
                chances[caption] += 1 / len(usable) / len(children[parent])
    total = sum(chances.values())
    return {caption: chance / total for caption, chance in chances.items()}


def draws(captions: Mapping[str, str], epochs: int) -> list[Triplet]:
    sampler = CaptionPairs(captions)
    return [triplet for epoch in range(epochs) for triplet in sampler.draw(0, epoch)]


@pytest.fixture(scope="module")
def many() -> list[Triplet]:
    return draws(CAPTIONS, 4000)


@pytest.mark.parametrize("reference", ["a", "b", "c", "g", "h"])
def test_targets_are_drawn_parent_then_caption_then_image(many: list[Triplet], reference: str) -> None:
    found = Counter(triplet.target for triplet in many if triplet.reference == reference)
    expected = {
        image: chance / sum(other == caption for other in CAPTIONS.values())
        for caption, chance in odds(CAPTIONS[reference], list(dict.fromkeys(CAPTIONS.values()))).items()
        for image in CAPTIONS
        if CAPTIONS[image] == caption
    }
    assert set(found) == set(expected)
    total = found.total()
    assert chisquare([found[i] for i in expected], [total * p for p in expected.values()]).pvalue > 0.001


def test_an_image_without_partner_gives_its_turn_to_a_random_other_one() -> None:
    sampler = CaptionPairs(CAPTIONS)
    references = [[triplet.reference for triplet in sampler.draw(0, epoch)] for epoch in range(400)]
    assert {tuple(row[:8]) for row in references} == {tuple("abcdefgh")}
    instead = Counter(row[8] for row in references)
    assert set(instead) == set("abcdefgh")
    assert chisquare(list(instead.values())).pvalue > 0.001


def test_the_same_words_in_another_order_are_no_pair() -> None:
    assert not {(t.reference, t.target) for t in draws(CAPTIONS, 200)} & {("a", "h"), ("h", "a"), ("f", "h")}


def test_the_hits_are_all_images_with_the_target_s_caption_one_tuple_for_all() -> None:
    hits = defaultdict(list)
    for triplet in draws(CAPTIONS, 20):
        assert triplet.hits == tuple(i for i in CAPTIONS if CAPTIONS[i] == CAPTIONS[triplet.target])
        hits[CAPTIONS[triplet.target]].append(triplet.hits)
    sampler = CaptionPairs(CAPTIONS)
    assert sampler.same_description("a") is sampler.same_description("f") is sampler.alike("red short dress")


@given(SMALL)
def test_every_pair_is_one_word_apart_and_says_which(captions: dict[str, str]) -> None:
    try:
        sampler = CaptionPairs(captions)
    except DataError:
        texts = set(captions.values())
        assert not any(one_word_apart(one, other) for one in texts for other in texts)
        return
    for triplet in sampler.draw(0, 0):
        source, target = captions[triplet.reference], captions[triplet.target]
        assert one_word_apart(source, target)
        assert triplet.captions == (change(source, target),)


@given(SMALL, st.integers(0, 2**63 - 1), st.integers(-1, 100))
def test_a_draw_follows_from_seed_and_epoch(captions: dict[str, str], seed: int, epoch: int) -> None:
    try:
        one, other = CaptionPairs(captions), CaptionPairs(captions)
    except DataError:
        return
    one.draw(seed, epoch + 1)  # what was drawn before makes no difference
    assert one.draw(seed, epoch) == other.draw(seed, epoch)
    assert len(one.draw(seed, epoch)) == len(captions)


def test_a_draw_is_the_same_on_every_machine() -> None:
    assert [triplet.target for triplet in CaptionPairs(CAPTIONS).draw(0, 0)] == list("chebagfch")


def test_where_no_captions_are_one_word_apart_it_is_said() -> None:
    with pytest.raises(DataError, match="No two captions of these 2 images differ in just one word"):
        CaptionPairs({"a": "red dress", "b": "blue skirt"})
    with pytest.raises(DataError, match="No two captions of these 0 images"):
        CaptionPairs({})


@pytest.mark.shared
def test_real_captions(real_captions: dict[str, str]) -> None:
    """Every pair of the 5,000 published captions, against the definition spelled out anew."""
    captions = {image: clean(title) for image, title in real_captions.items()}
    texts = list(dict.fromkeys(captions.values()))
    by_parent: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for text in texts:
        for word in set(text.split()):
            by_parent[" ".join(w for w in text.split() if w != word)].append((text, word))
    pairs = {
        (one, other) for family in by_parent.values() for one, old in family for other, new in family if old != new
    }
    sampler = CaptionPairs(captions)
    paired = {one for one, _ in pairs}
    assert {captions[t.reference] for t in sampler.draw_once(0)} == paired
    assert len(sampler.draw_once(0)) == sum(caption in paired for caption in captions.values()) > 1000
    drawn = [t for epoch in range(20) for t in sampler.draw(0, epoch)]
    assert {(captions[t.reference], captions[t.target]) for t in drawn} <= pairs
    assert all(t.captions == (change(captions[t.reference], captions[t.target]),) for t in drawn)
    assert len({(t.reference, t.target) for t in drawn}) > 5 * len(sampler.draw_once(0))
