"""What cells share is made once, and only when something asks for it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from cir_bench.runs.workbench import default_workers


def test_the_train_splits_texts_are_gathered_only_for_encoders_that_are_fitted(
    toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an encoder without `fit` does not need the descriptions of all train images")

    monkeypatch.setattr("cir_bench.runs.datasets.descriptions", refuse)
    code, said = toy.plan("-m", "tirg", "--features")
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


@pytest.mark.parametrize(("ranks", "workers"), [(1, 8), (4, 3), (5, 2), (100, 1)])
def test_ranks_share_the_processors(monkeypatch: pytest.MonkeyPatch, ranks: int, workers: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(12)), raising=False)
    assert default_workers(ranks) == workers
