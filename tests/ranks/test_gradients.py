"""A batch shared by N processes has the gradients that one process computes, for every built-in method."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins

pytestmark = pytest.mark.usefixtures("forked")
SCRIPT = Path(__file__).parents[1] / "support" / "rank_gradients.py"
LEARNED = [
    *("artemis", "clvcnet", "combiner", "concat", "film", "image-only", "relationship"),
    *("rerank", "sadn", "sum", "text-only", "tgcir", "tirg", "val"),
]
FROZEN = ("lincir", "pic2word", "searle")
"""They never train the encoder, so each process computes the same gradients."""
Differences = dict[str, dict[str, Any]]


def gradients(folder: Path, processes: int, methods: list[str]) -> list[Differences]:
    """What each rank found."""
    variables = {**os.environ, "WORLD_SIZE": str(processes), "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), *methods],
            env={**variables, "RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    for rank in ranks:
        _, said = rank.communicate(timeout=600)
        assert rank.returncode == 0, said
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(processes)]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory, forked: None) -> list[Differences]:
    return gradients(tmp_path_factory.mktemp("two"), 2, LEARNED)


@pytest.mark.parametrize("method", LEARNED)
def test_two_processes(of_two: list[Differences], method: str) -> None:
    for rank in of_two:
        assert rank[method]["of_encoders"] > 20
        assert rank[method]["worst"] < 1e-6, rank[method]


def test_three_processes_with_uneven_shares(tmp_path: Path) -> None:
    for rank in gradients(tmp_path, 3, ["clvcnet", "tirg"]):
        for method, found in rank.items():
            assert found["worst"] < 1e-6, (method, found)


def test_these_are_all_the_methods_that_learn() -> None:
    registry = load_plugins(PluginOptions(third_party=False))
    assert set(registry.all(MethodSpec)) == {*LEARNED, *FROZEN, "cirevl", "constant", "joint", "random"}
