"""The script behind the arithmetic of docs/scaling.md, at a size that takes a second."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "speed"


def test_everything_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    module = importlib.import_module("bytes_per_item")
    options = ["--images", "1000", "--triplets", "1000", "--seeds", "2", "--queries", "40"]
    monkeypatch.setattr(sys, "argv", ["bytes_per_item.py", *options])
    module.main()
    lines = [line.partition(": ") for line in capsys.readouterr().out.splitlines()]
    assert [what.partition(",")[0] for what, _, _ in lines] == [
        "image in a search",
        *3 * ["triplet"],
        *2 * ["cell"],
        "rankings of 40 queries",
    ]
    sizes = {what: float(size.split()[0]) for what, _, size in lines}
    assert sizes["triplet, numbers, 1,000 of them"] < sizes["triplet, object, 1,000 of them"]
    assert 60 < sizes["image in a search, 1,000 of them"] < 1000
