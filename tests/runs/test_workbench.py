"""What cells share is made once, and only when something asks for it."""

from __future__ import annotations

from typing import Any

import pytest


def test_the_train_splits_texts_are_gathered_only_for_encoders_that_are_fitted(
    toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an encoder without `fit` does not need the descriptions of all train images")

    monkeypatch.setattr("cir_bench.runs.workbench.descriptions", refuse)
    code, said = toy.plan("-m", "tirg")
    assert code == 0 and "images of toy (train)" in said and "problem" not in said
