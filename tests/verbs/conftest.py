"""`toy`: arguments of calls on the toy benchmark; `finished`: a run of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cir_bench
from cir_bench import RunResult

PLUGIN = Path(__file__).parents[1] / "support" / "toy_plugin.py"


def arguments(root: Path) -> dict[str, Any]:
    return {
        "plugin": PLUGIN,
        "benchmarks": "toy",
        "out": root / "runs",
        "cache_dir": root / "cache",
        "device": "cpu",
        "workers": 0,
    }


@pytest.fixture
def toy(tmp_path: Path) -> dict[str, Any]:
    return arguments(tmp_path)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verbs")


@pytest.fixture(scope="session")
def finished(root: Path) -> RunResult:
    """Two methods that run, and one that does not fit the encoder."""
    methods = ["sum", "image-only", "wants-maps"]
    return cir_bench.run(methods=methods, settings={"selection.on": "last"}, **arguments(root))
