"""CIRCO's submission file: what is written passes, and every single mistake is named."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.protocols import protocol

from cir_bench import DataError, HiddenSet, Query
from cir_bench.submission.hidden import hidden_set
from cir_bench_circo.dataset import CIRCO
from cir_bench_circo.submission import CIRCOSubmission

IMAGES = range(100, 160)
KEYS = [str(i) for i in range(12)]
QUERIES = {key: Query(key, str(IMAGES[i]), ("has two people",), ()) for i, key in enumerate(KEYS)}
HERE = HiddenSet(len(KEYS), QUERIES, frozenset(map(str, IMAGES)))
NO_LIST = HiddenSet(len(KEYS), QUERIES)
"""Without COCO's list of images."""
ELSEWHERE = HiddenSet(len(KEYS))
Content = dict[str, Any]

keys, seeds = st.sampled_from(KEYS), st.builds(random.Random, st.integers(0, 2**32))


def valid(rng: random.Random) -> Content:
    """A file's content."""
    return {key: rng.sample(IMAGES, 50) for key in KEYS}


def kinds(content: Content | bytes, hidden: HiddenSet = HERE) -> set[str]:
    """The kinds of mistakes that are found."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    mistakes = CIRCOSubmission().check(data, hidden)
    assert all(mistakes.values()), "a kind without a mistake"
    return set(mistakes)


@given(seeds)
def test_what_is_written_from_a_ranking_has_the_servers_form_and_passes(rng: random.Random) -> None:
    content = valid(rng)
    files = CIRCOSubmission().files({key: [*map(str, images), "7"] for key, images in content.items()}, {})
    assert {name: json.loads(data) for name, data in files.items()} == {"ranking.json": content}
    for hidden in (HERE, NO_LIST, ELSEWHERE, HiddenSet()):
        assert kinds(files["ranking.json"], hidden) == set()


def test_the_reference_may_be_listed() -> None:
    content = valid(random.Random(0)) | {"0": list(IMAGES[:50])}
    assert QUERIES["0"].reference == str(IMAGES[0])
    assert kinds(content) == set()


def replace(content: Content, key: str, rng: random.Random, image: Any) -> None:
    content[key][rng.randrange(50)] = image


MISTAKES: dict[str, tuple[str, Callable[[Content, str, random.Random], object]]] = {
    "a query is missing": ("keys not consecutive", lambda content, key, rng: content.pop(key)),
    "there is one more": ("keys not consecutive", lambda content, key, rng: content.update({"12": content[key]})),
    "with leading zeros": (
        "keys not consecutive",
        lambda content, key, rng: content.update({f"0{key}": content.pop(key)}),
    ),
    "no list": ("not a list", lambda content, key, rng: content.update({key: 7})),
    "one short": ("wrong length", lambda content, key, rng: content[key].pop()),
    "one long": (
        "wrong length",
        lambda content, key, rng: content[key].append(rng.choice([i for i in IMAGES if i not in content[key]])),
    ),
    "an image twice": ("duplicate image", lambda content, key, rng: content[key].__setitem__(0, content[key][-1])),
    "an id as text": ("image not a whole number", lambda content, key, rng: replace(content, key, rng, "100")),
    "a fraction": ("image not a whole number", lambda content, key, rng: replace(content, key, rng, 100.0)),
    "true": ("image not a whole number", lambda content, key, rng: replace(content, key, rng, True)),
    "outside the gallery": ("unknown image", lambda content, key, rng: replace(content, key, rng, 99)),
    "below zero": ("unknown image", lambda content, key, rng: replace(content, key, rng, -1)),
}


@pytest.mark.parametrize("what", MISTAKES)
@given(key=keys, rng=seeds)
@settings(max_examples=20)
def test_a_single_mistake_is_named_and_nothing_else_is(what: str, key: str, rng: random.Random) -> None:
    kind, breaks = MISTAKES[what]
    content = valid(rng)
    breaks(content, key, rng)
    assert kinds(content) == {kind}
    for hidden in (NO_LIST, ELSEWHERE):
        assert kinds(content, hidden) == (set() if what == "outside the gallery" else {kind})


def test_without_anything_known_keys_must_still_be_consecutive() -> None:
    content = valid(random.Random(0))
    content["13"] = content.pop("5")
    assert CIRCOSubmission().check(json.dumps(content).encode(), HiddenSet()) == {
        "keys not consecutive": ["'5' is missing", "'13' is not a query"]
    }


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"[]", "not a JSON object"),
        (b"{0: [1, 2]}", "key not a string"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b'{"0": [' + b"9" * 5000 + b"]}", "not JSON"),  # more digits than Python reads
    ],
)
def test_a_broken_file_is_named(data: bytes, kind: str) -> None:
    assert kinds(data) == {kind}


def test_a_repeated_key_is_named() -> None:
    data = json.dumps(valid(random.Random(0))).encode()
    assert kinds(data[:-1] + b', "3": ' + json.dumps(list(IMAGES[:50])).encode() + b"}") == {"duplicate key"}


@given(
    st.binary()
    | st.dictionaries(keys, st.recursive(st.none() | st.text(), st.lists, max_leaves=10)).map(
        lambda x: json.dumps(x).encode()
    )
)
@settings(max_examples=40)
def test_whatever_else_a_file_holds_is_a_mistake_and_no_crash(data: bytes) -> None:
    assert kinds(data)


def test_a_ranking_of_other_images_than_cocos_is_refused() -> None:
    with pytest.raises(DataError, match="'test1-0-0-img0', which is not an image id of CIRCO"):
        CIRCOSubmission().files({"0": ["test1-0-0-img0"]}, {})


def test_without_cocos_list_of_images_the_check_says_what_it_could_not_look_at(
    root: Path, circo: Callable[[], CIRCO]
) -> None:
    hidden_test = protocol("circo/test")
    assert hidden_set(circo, hidden_test)[1] == ()
    next(root.rglob("image_info_unlabeled2017.json")).unlink()
    hidden, (unchecked,) = hidden_set(circo, hidden_test)
    assert hidden.queries is not None and set(hidden.queries) == {"0", "1"}
    assert hidden.gallery is None
    assert unchecked.startswith("whether images are in the gallery: ")
