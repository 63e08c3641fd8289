"""Rows that were not trained on triplets, but whose method or encoder saw the data set, are marked."""

from __future__ import annotations

import pytest

from cir_bench.leaderboards import build, render

EPOCH = {"stage": "training", "epoch": 0, "terms": {"loss": 1.0}, "seconds": 1.0}
TRAINED = {"history": [EPOCH]}


def remark(record) -> str:
    """What the row says about it."""
    (section,) = build([record]).sections
    return "; ".join(one for one in section.rows[0].remarks if "zero-shot" in one)


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("sum", {"training_data": ["css/train"]}, "not zero-shot: saw css/train"),
        ("sum", {"training_data": ["laion2b", "css-other/train"]}, ""),
        ("sum", {}, ""),
        ("random", {"training_data": ["css/train"]}, ""),
        ("tirg", {"training_data": ["css/train"], **TRAINED}, ""),
        (
            "pic2word",
            {"training_data": ["css/train"], "dataset": {"examples": "images"}, **TRAINED},
            "not zero-shot: saw css/train",
        ),
        ("pic2word", {"training_data": ["cc3m/train"], "dataset": {"examples": "images"}, **TRAINED}, ""),
        ("sum", {"training_data": ["css/test", "css/train"]}, "not zero-shot: saw css/test, css/train"),
    ],
)
def test_what_is_marked(make, name: str, changes: dict, expected: str) -> None:
    assert remark(make(name, **changes)) == expected


def test_the_table_says_what_it_means_and_counts_triplets_alone(make) -> None:
    images = make("pic2word", 20.0, training_data=["css/train"], dataset={"examples": "images", "n_train": 12_461})
    text = render(build([images, make("tirg", 30.0, **TRAINED)]))
    assert "- **Not zero-shot**: rows that say so were not trained on triplets, but" in text
    assert "trained on 10,000 triplets" in text
    assert "Not zero-shot" not in render(build([make("tirg")]))
