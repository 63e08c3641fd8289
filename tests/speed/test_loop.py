"""The loop benchmark measures two loops that train alike, at a size that takes a second."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "benchmarks" / "speed"


@pytest.fixture
def loop(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    module = importlib.import_module("loop")
    monkeypatch.setitem(module.SIZES, "css", module.Size(triplets=40, images=30, texts=2))
    yield module
    sys.modules.pop("loop", None)


@pytest.mark.parametrize("method", ["tirg", "combiner"])
def test_both_loops_learn_the_same_features_alike(loop, method: str) -> None:
    """40 triplets in one batch: its order changes nothing, and neither has dropout here."""
    task = loop.Task(method, loop.Size(triplets=40, images=30, texts=1), 8, 40, torch.device("cpu"))
    task.settings = {"dropout": 0.0} if method == "combiner" else {}
    ours, bare = task.harness(), task.bare()
    for epoch in range(3):
        (loss,) = ours(epoch).terms.values()
        assert loss == pytest.approx(bare(epoch), rel=1e-4)


def test_a_row_has_both_times_and_their_ratio(loop, monkeypatch, capsys) -> None:
    options = ["--sizes", "css", "--methods", "tirg", "--width", "8", "--batch", "10", "--repeat", "1", "--json"]
    monkeypatch.setattr(sys, "argv", ["loop.py", *options])
    loop.main()
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["method"], row["size"]) == ("tirg", "css")
    assert row["ratio"] == pytest.approx(row["seconds"] / row["bare"])
