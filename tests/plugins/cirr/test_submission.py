"""CIRR's submission files: what is written passes, and every single mistake is named."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.protocols import protocol

from cir_bench import HiddenSet, Query
from cir_bench.submission.hidden import hidden_set
from cir_bench_cirr.dataset import CIRR
from cir_bench_cirr.submission import MAX_BYTES, CIRRSubmission

GALLERY = [f"test1-{i}-0-img0" for i in range(60)]
PAIRIDS = ["7", "12063", "12064", "90"]
QUERIES = {
    pairid: Query(pairid, GALLERY[i], ("a dog",), (), subset=tuple(GALLERY[i + 1 : i + 6]))
    for i, pairid in enumerate(PAIRIDS)
}
HERE = HiddenSet(len(QUERIES), QUERIES, frozenset(GALLERY))
ELSEWHERE = HiddenSet(len(QUERIES))
"""Without the annotation files."""
METRICS = ("recall", "recall_subset")
Content = dict[str, Any]

metrics, pairids, seeds = (
    st.sampled_from(METRICS),
    st.sampled_from(PAIRIDS),
    st.builds(random.Random, st.integers(0, 2**32)),
)


def rankings(rng: random.Random) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Random orders of every query's candidates and of its own five."""
    whole, few = {}, {}
    for pairid, query in QUERIES.items():
        candidates = [name for name in GALLERY if name != query.reference]
        whole[pairid] = rng.sample(candidates, 50)
        few[pairid] = rng.sample(query.subset, 5)
    return whole, few


def valid(metric: str, rng: random.Random) -> Content:
    """A file's content."""
    content: Content = json.loads(CIRRSubmission().files(*rankings(rng))[f"{metric}.json"])
    return content


def kinds(content: Content | bytes, hidden: HiddenSet = HERE) -> set[str]:
    """The kinds of mistakes that are found."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    mistakes = CIRRSubmission().check(data, hidden)
    assert all(mistakes.values()), "a kind without a mistake"
    return set(mistakes)


@given(seeds)
def test_what_is_written_from_a_ranking_has_the_servers_form_and_passes(rng: random.Random) -> None:
    whole, few = rankings(rng)
    files = CIRRSubmission().files(whole, few)
    assert set(files) == {"recall.json", "recall_subset.json"}
    for metric, lists, length in (("recall", whole, 50), ("recall_subset", few, 3)):
        best = {pairid: names[:length] for pairid, names in lists.items()}
        assert json.loads(files[f"{metric}.json"]) == {"version": "rc2", "metric": metric} | best
        assert kinds(files[f"{metric}.json"]) == kinds(files[f"{metric}.json"], ELSEWHERE) == set()


def replace(content: Content, pairid: str, rng: random.Random, name: Any) -> None:
    content[pairid][rng.randrange(len(content[pairid]))] = name


MISTAKES: dict[str, Callable[[Content, str, random.Random], object]] = {
    "missing pairid": lambda content, pairid, rng: content.pop(pairid),
    "unknown pairid": lambda content, pairid, rng: content.update({"8": content[pairid]}),
    "not a list": lambda content, pairid, rng: content.update({pairid: GALLERY[50]}),
    "wrong length": lambda content, pairid, rng: content[pairid].pop(),
    "duplicate image": lambda content, pairid, rng: content[pairid].__setitem__(0, content[pairid][-1]),
    "image not a string": lambda content, pairid, rng: replace(content, pairid, rng, 12),
    "name with extension": lambda content, pairid, rng: replace(content, pairid, rng, GALLERY[59] + ".png"),
    "unknown name": lambda content, pairid, rng: replace(content, pairid, rng, "dev-0-0-img0"),
    "reference listed": lambda content, pairid, rng: replace(content, pairid, rng, QUERIES[pairid].reference),
    "wrong version": lambda content, pairid, rng: content.update(version=rng.choice(["rc1", 2, None])),
    "wrong metric": lambda content, pairid, rng: content.update(metric=rng.choice(["Recall", ["recall"], None])),
}
NEEDS_DATA = {"unknown name", "reference listed"}


@pytest.mark.parametrize("kind", MISTAKES)
@given(metric=metrics, pairid=pairids, rng=seeds)
@settings(max_examples=20)
def test_a_single_mistake_is_named_and_nothing_else_is(kind: str, metric: str, pairid: str, rng: random.Random) -> None:
    content = valid(metric, rng)
    MISTAKES[kind](content, pairid, rng)
    assert kinds(content) == {kind}
    if kind != "unknown pairid":  # "8" is a possible one: see below
        assert kinds(content, ELSEWHERE) == (set() if kind in NEEDS_DATA else {kind})


@given(pairid=pairids, rng=seeds)
@settings(max_examples=20)
def test_a_name_outside_the_pairs_image_set_is_named_in_the_subset_file(pairid: str, rng: random.Random) -> None:
    content = valid("recall_subset", rng)
    replace(content, pairid, rng, GALLERY[30])
    assert kinds(content) == {"name outside the pair's image set"}
    assert kinds(content, ELSEWHERE) == set()


BROKEN: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a pairid without quotes": ("key not a string", lambda data: data.replace(b'"12063"', b"12063")),
    "a pairid twice": (
        "duplicate key",
        lambda data: data[:-1] + b',"7":' + data.split(b'"7":')[1].split(b"]")[0] + b"]}",
    ),
    "a list": ("not a JSON object", lambda data: b"[" + data + b"]"),
    "a text": ("not a JSON object", lambda data: json.dumps(data.decode()).encode()),
    "truncated": ("not JSON", lambda data: data[:-3]),
    "empty": ("not JSON", lambda data: b""),
    "Latin-1": ("not JSON", lambda data: data.replace(b"rc2", b"rc\xe9")),
    "UTF-16": ("not JSON", lambda data: data.decode().encode("utf-16")),
    "with a byte order mark": ("not JSON", lambda data: b"\xef\xbb\xbf" + data),
    "with NaN": ("not JSON", lambda data: data.replace(b'"12063":[', b'"12063":[NaN,')),
    "nested without end": ("not JSON", lambda data: b'{"7":' + b"[" * 200_000),
    "more than 5 MB": ("too large", lambda data: data + b" " * (MAX_BYTES + 1 - len(data))),
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_named(what: str, metric: str) -> None:
    kind, breaks = BROKEN[what]
    data = CIRRSubmission().files(*rankings(random.Random(0)))[f"{metric}.json"]
    assert kinds(breaks(data)) == {kind}


def test_5_mb_are_allowed() -> None:
    data = CIRRSubmission().files(*rankings(random.Random(0)))["recall.json"]
    assert kinds(data + b" " * (MAX_BYTES - len(data))) == set()


@pytest.mark.parametrize("key", ["version", "metric"])
def test_a_head_that_lacks_a_key_is_named(key: str) -> None:
    content = valid("recall", random.Random(0))
    del content[key]
    assert kinds(content) == {f"wrong {key}"}


def test_a_file_that_says_the_other_metric_has_lists_of_a_wrong_length() -> None:
    content = valid("recall_subset", random.Random(0)) | {"metric": "recall"}
    assert CIRRSubmission().check(json.dumps(content).encode(), HERE) == {
        "wrong length": [f"{pairid} lists 3, not 50" for pairid in PAIRIDS]
    }


def test_a_pairid_written_otherwise_is_unknown_and_the_right_one_missing() -> None:
    content = valid("recall", random.Random(0))
    content["007"] = content.pop("7")
    assert CIRRSubmission().check(json.dumps(content).encode(), HERE) == {
        "missing pairid": ["7"],
        "unknown pairid": ["'007'"],
    }


def test_without_annotations_the_number_of_pairids_is_known_and_what_is_no_number_is_no_pairid() -> None:
    content = valid("recall", random.Random(0))
    assert kinds(content | {"8": content["7"]}, ELSEWHERE) == {"unknown pairid"}
    assert kinds({key: value for key, value in content.items() if key != "90"}, ELSEWHERE) == {"missing pairid"}
    content["dress-0"] = content.pop("7")
    assert kinds(content, ELSEWHERE) == {"unknown pairid"}
    assert kinds(content, HiddenSet()) == {"unknown pairid"}


@given(
    st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=10).map(lambda x: json.dumps(x).encode())
)
def test_whatever_else_a_file_holds_is_a_mistake_and_no_crash(data: bytes) -> None:
    assert kinds(data)


@given(
    st.dictionaries(
        st.sampled_from([*PAIRIDS, "version", "metric", "x"]),
        st.recursive(st.none() | st.text(), st.lists, max_leaves=10),
    )
)
def test_whatever_an_object_holds_is_a_mistake_and_no_crash(content: Content) -> None:
    assert kinds(content)


@pytest.mark.shared
def test_over_the_real_test1_a_random_submission_passes_and_mistakes_are_counted(real: CIRR) -> None:
    hidden, unchecked = hidden_set(lambda: real, protocol("cirr/test1"))
    assert (hidden.n_queries, unchecked) == (4148, ())
    assert hidden.queries is not None and hidden.gallery is not None
    rng, gallery = random.Random(1), sorted(hidden.gallery)
    whole = {
        pairid: [name for name in rng.sample(gallery, 51) if name != query.reference][:50]
        for pairid, query in hidden.queries.items()
    }
    few = {pairid: rng.sample(query.subset, len(query.subset)) for pairid, query in hidden.queries.items()}
    files = CIRRSubmission().files(whole, few)
    for data in files.values():
        assert len(data) < MAX_BYTES
        assert kinds(data, hidden) == set()
    content = json.loads(files["recall.json"])
    del content["12063"]
    for pairid in list(whole)[10:13]:
        content[pairid][7] = hidden.queries[pairid].reference
    mistakes = CIRRSubmission().check(json.dumps(content, indent=4).encode(), hidden)
    assert {kind: len(found) for kind, found in mistakes.items()} == {
        "too large": 1,  # the same content, written with more white space
        "missing pairid": 1,
        "reference listed": 3,
    }
