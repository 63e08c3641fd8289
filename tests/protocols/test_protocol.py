from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from cir_bench.protocols.protocol import HASH_VERSION, Protocol, Templates, TextForm
from cir_bench.retrieval.ranking import CandidateSet

ANOTHER: dict[str, Any] = {
    "split": "test",
    "gallery": "union",
    "reference": "removed",
    "mbeir": {"number": 8, "gallery": ["val"]},
    "query_text": "each",
    "train_text": "each",
    "metrics": ["R@1", "R@2", "R@5"],
    "headline": {"name": "R@2", "mean_of": ["R@2"]},
}
ANOTHER_FORM: dict[str, Any] = {
    "punctuation": "space",
    "spelling": "words",
    "strip": ".",
    "separator": ", ",
    "capitalise": True,
}
OTHER_TEMPLATES = {"text": "find {concept} but {text}", "pseudo_word": "a photo of $, {text}"}
FACTS = {"description": "somebody's", "expected": {"n_train": 3}}


@pytest.mark.parametrize("field", ANOTHER)
def test_every_field_that_changes_a_number_changes_the_hash(field: str, protocol: Callable[..., Protocol]) -> None:
    assert protocol().hash() != protocol(**{field: ANOTHER[field]}).hash()


@pytest.mark.parametrize("field", ANOTHER_FORM)
def test_every_field_of_the_text_form_changes_the_hash(field: str, protocol: Callable[..., Protocol]) -> None:
    assert protocol().hash() != protocol(text={field: ANOTHER_FORM[field]}).hash()


@pytest.mark.parametrize("field", OTHER_TEMPLATES)
def test_every_template_changes_the_hash(field: str, protocol: Callable[..., Protocol]) -> None:
    assert protocol().hash() != protocol(templates={field: OTHER_TEMPLATES[field]}).hash()


def test_the_default_templates_are_not_in_the_hash(protocol: Callable[..., Protocol]) -> None:
    """They came later: what was measured before keeps its hash."""
    written = {"text": "{text}", "pseudo_word": None}
    assert protocol(templates=written).hash() == protocol().hash()
    fields = protocol().model_dump(mode="json", exclude={"description", "expected", "templates", "mbeir"})
    canonical = json.dumps({"hash_version": HASH_VERSION, **fields}, sort_keys=True)
    assert protocol().hash() == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    ("templates", "wrong"),
    [
        ({"text": "find {concept}"}, r"must contain \{text\}"),
        ({"text": "{text} {0}"}, "plain names"),
        ({"text": "{text.__class__}"}, "plain names"),
        ({"text": "{text!r}"}, "plain names"),
        ({"pseudo_word": "a photo that {text}"}, "one \\$"),
        ({"pseudo_word": "{concept} $ {text}"}, "one side of the \\$"),
    ],
    ids=str,
)
def test_a_template_that_cannot_be_filled_is_refused(
    templates: dict[str, str], wrong: str, protocol: Callable[..., Protocol]
) -> None:
    with pytest.raises(ValidationError, match=wrong):
        protocol(templates=templates)


def test_the_tests_above_know_every_field() -> None:
    assert set(Protocol.model_fields) == {*ANOTHER, "text", "templates", *FACTS}
    assert set(Templates.model_fields) == set(OTHER_TEMPLATES)
    assert set(TextForm.model_fields) == set(ANOTHER_FORM)


@pytest.mark.parametrize("field", FACTS)
def test_what_changes_no_number_does_not_change_the_hash(field: str, protocol: Callable[..., Protocol]) -> None:
    assert protocol().hash() == protocol(**{field: FACTS[field]}).hash()


def test_a_default_written_out_is_the_same_protocol(protocol: Callable[..., Protocol]) -> None:
    assert protocol().hash() == protocol(query_text="joined", text={"separator": " and "}).hash()


def test_a_metric_that_does_not_exist_is_refused(protocol: Callable[..., Protocol]) -> None:
    with pytest.raises(ValidationError, match=r"There is no metric 'r@1'; known: .*R@K"):
        protocol(metrics=["r@1"])


def test_a_headline_must_be_measured(protocol: Callable[..., Protocol]) -> None:
    with pytest.raises(ValidationError, match="the headline averages 'dress/R@10', which is not among the metrics"):
        protocol(headline={"name": "mean", "mean_of": ["R@1", "dress/R@10"]})


def test_depth_is_the_deepest_cut_off_and_subset_tells_of_subset_metrics(protocol: Callable[..., Protocol]) -> None:
    assert protocol().depth() == 2
    assert not protocol().subset
    few = protocol(metrics=["R@1", "R_subset@3"])
    assert (few.depth(), few.depth(CandidateSet.SUBSET)) == (1, 3)
    assert protocol(metrics=["R@1", "median_rank"]).depth() == sys.maxsize
    assert few.subset
