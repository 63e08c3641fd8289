"""What cells share is made once, and only when something asks for it."""

from __future__ import annotations

from typing import Any

import pytest


def test_the_train_splits_texts_are_gathered_only_for_encoders_that_are_fitted(
    toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an encoder without `fit` does not need the descriptions of all train images")

    monkeypatch.setattr("cir_bench.runs.datasets.descriptions", refuse)
    code, said = toy.plan("-m", "tirg")
    assert code == 0 and "images of toy (train)" in said and "problem" not in said


def test_weights_that_cannot_be_had_are_looked_for_once_and_every_cell_says_so(
    toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def no_network(name: str, **_: object) -> None:
        tries.append(name)
        raise ConnectionError("the hub is not to be reached")

    monkeypatch.setattr("open_clip.create_model", no_network)
    code, _ = toy.run("-m", "sum", "-m", "combiner", "--seeds", "2", "-e", "openclip:RN50")
    sentences = [record.failure.exception for record in toy.records().values()]
    assert code == 1 and len(sentences) >= 3 and set(sentences) == {sentences[0]}
    assert "openai of RN50 are not on this machine and cannot be downloaded (the hub is not to be" in sentences[0]
    assert tries == ["RN50"]
