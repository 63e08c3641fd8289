"""The script that measures queries against an index, at a size that takes a second."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "speed"


def test_times_and_memory_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    row = importlib.import_module("search").measure(images=500, width=64, queries=5)
    images, middle, high, first, memory = (float(cell) for cell in row.strip("| ").split(" | "))
    assert images == 500
    assert 0 < middle <= high
    assert first > 0 and memory >= 0
