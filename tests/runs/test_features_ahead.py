"""What several cells of a run read of one encoder is extracted in one pass; what nobody reads is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench import WorkProgress, hookimpl
from cir_bench.interfaces.events import CellFinished
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry, load
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.schedule import run_cells
from cir_bench.runs.workbench import Workbench

SUPPORT = Path(__file__).parents[1] / "support"
EVERY = ("reads-pooled", "reads-maps", "reads-two-maps", "reads-tokens")
Run = Callable[..., list[CellFinished]]


@pytest.fixture
def registry() -> Registry:
    files = (SUPPORT / "toy_plugin.py", SUPPORT / "levels_plugin.py")
    return load_plugins(PluginOptions(files=files), environ={})


@pytest.fixture
def counting(registry: Registry) -> Any:
    """The encoder's class, which counts."""
    encoder: Any = load(registry.encoder("levels"))
    encoder.read.clear()
    encoder.stored.clear()
    return encoder


@pytest.fixture
def run(registry: Registry, tmp_path: Path) -> Run:
    def run(methods: Sequence[str], encoder: str = "levels", **changes: Any) -> list[CellFinished]:
        settings = {"training": {"epochs": 1}} | changes
        request = RunRequest(
            methods=tuple(methods), benchmarks=("toy",), encoders=(encoder,), out=tmp_path, settings=settings
        )
        bench = Workbench(None, tmp_path / "cache", torch.device("cpu"))
        return run_cells(resolve(request, registry), bench, registry, tmp_path)

    return run


def columns(tmp_path: Path) -> set[str]:
    """The columns in the cache."""
    return {path.parent.name for path in (tmp_path / "cache").rglob("*.safetensors")}


@pytest.mark.parametrize("methods", [EVERY, EVERY[::-1]])
def test_an_image_and_a_text_are_encoded_once_for_cells_of_different_levels(run, counting, methods) -> None:
    assert {result.outcome for result in run(methods)} == {"done"}
    assert len(counting.read) > 125  # images of both splits, and texts
    assert set(counting.read.values()) == {1}


def test_the_levels_that_no_cell_reads_are_not_stored(run, counting, tmp_path) -> None:
    run(["reads-pooled", "reads-maps"])
    assert columns(tmp_path) == {"pooled", "map1"}
    assert not any("tokens" in levels for levels in counting.stored)


def test_a_cell_that_trains_nothing_asks_for_no_train_features(run, counting, tmp_path) -> None:
    run(["sum", "reads-pooled"])
    assert set(counting.read.values()) == {1}
    assert columns(tmp_path) == {"pooled"}


def test_cells_that_are_done_do_not_count(run, counting, tmp_path) -> None:
    """Their features are not extracted again, even if the cache is gone."""
    run(["reads-two-maps"])
    shutil.rmtree(tmp_path / "cache")
    results = run(["reads-pooled", "reads-two-maps"])
    assert [result.outcome for result in results] == ["done", "done before"]
    assert columns(tmp_path) == {"pooled"}


def test_a_cell_does_not_fail_for_levels_that_only_another_one_reads(run, counting) -> None:
    results = {result.cell.method: result for result in run(["reads-pooled", "reads-tokens"], "no-tokens")}
    assert results["reads-pooled"].outcome == "done"
    assert results["reads-tokens"].outcome == "failed" and "not finite" in results["reads-tokens"].reason


def test_progress_names_the_levels(run, counting, registry) -> None:
    details: set[str] = set()

    class Listener:
        @hookimpl
        def cir_bench_progress(self, event: WorkProgress) -> None:
            if event.activity == "extracting features":
                details.add(event.detail)

    registry.hooks.register(Listener())
    run(["reads-pooled", "reads-maps"])
    assert "images of toy (train): maps, pooled" in details
    assert "texts of toy (train): pooled" in details
