"""The script that measures queries against an index, at a size that takes a second."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "speed"


@pytest.mark.parametrize("way", ["exact", "ivf"])
def test_times_memory_and_recall_are_measured(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if way != "exact":
        pytest.importorskip("faiss")
    monkeypatch.syspath_prepend(str(FOLDER))
    script = importlib.import_module("search")
    options = argparse.Namespace(images=[500], ways=[way], vectors="near", width=64, queries=5)
    row = dict(zip(script.COLUMNS, script.measure(options, tmp_path).strip("| ").split(" | "), strict=True))
    images, _, found_by, effort, recall, middle, high, *memory, built = row.values()
    assert (images, found_by, bool(effort)) == ("500", way, way != "exact")
    assert 0 < float(middle) <= float(high)
    assert float(recall) == 1 if way == "exact" else float(recall) >= 0.5
    assert all(float(cell.replace(",", "")) >= 0 for cell in (*memory, built))
