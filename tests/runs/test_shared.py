"""What cells share is made once, and dropped when no later cell of the run can use it."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench import CellFinished, hookimpl
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.kinds import KINDS
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.runs import data_root, encoders
from cir_bench.runs.cell import Cell
from cir_bench.runs.keys import SharedKey
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.schedule import run_cells
from cir_bench.runs.shared import Lifetimes, Shared
from cir_bench.runs.workbench import Workbench

PLUGIN = Path(__file__).parents[1] / "support" / "toy_plugin.py"
METHODS = ("sum", "concat")


class Census:
    """Every table, encoder and data set that was made, and how many of them are alive after each cell."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.alive: list[Counter[str]] = []
        self._all: list[tuple[str, weakref.ref[Any]]] = []

    def note(self, kind: str, thing: object) -> object:
        self.made[kind] += 1
        self._all.append((kind, weakref.ref(thing)))
        return thing

    def count(self) -> Counter[str]:
        gc.collect()
        return Counter(kind for kind, thing in self._all if thing() is not None)

    @hookimpl
    def cir_bench_cell_finished(self, event: CellFinished) -> None:
        assert event.outcome == "done", event.reason
        self.alive.append(self.count())


@pytest.fixture
def census(monkeypatch: pytest.MonkeyPatch) -> Census:
    found = Census()
    for kind, module in (("datasets", data_root), ("encoders", encoders)):
        create = module.create
        monkeypatch.setattr(module, "create", lambda *a, kind=kind, create=create: found.note(kind, create(*a)))
    monkeypatch.setattr("cir_bench.features.cache.FeatureTable", lambda *a: found.note("tables", FeatureTable(*a)))
    return found


@pytest.fixture
def registry() -> Registry:
    """The toy plugin, with a second encoder."""
    toy = load_plugins(PluginOptions(files=(PLUGIN,)), environ={})
    everything = [one for kind in KINDS for one in toy.all(kind.spec).values()]
    encoder = toy.encoder("toy")
    twin = Registered(replace(encoder.spec, name="toy-twin"), encoder.owner)
    return Registry([*everything, twin], toy.benchmark_files)


def cells_of(registry: Registry, out: Path, **changes: Any) -> list[Cell]:
    """Three data sets (of one content) × two encoders × two methods."""
    common = {"methods": METHODS, "benchmarks": ("toy",), "encoders": ("toy", "toy-twin"), "out": out} | changes
    settings: list[dict[str, Any]] = [{"dataset": {"missing": [name]}} for name in ("x", "y", "z")]
    return [
        cell
        for one in settings
        for cell in resolve(RunRequest(**common, settings=one | {"training": {"epochs": 1}}), registry)
    ]


def key(name: str) -> SharedKey:
    return SharedKey(((name, ""),))


def bench(folder: Path) -> Workbench:
    return Workbench(None, folder / "cache", torch.device("cpu"))


def test_tables_encoders_and_data_sets_of_finished_cells_are_dropped(census, registry, tmp_path) -> None:
    cells = sorted(cells_of(registry, tmp_path), key=lambda cell: (cell.key.variant, cell.key.encoder))
    registry.hooks.register(census)
    run_cells(cells, bench(tmp_path), registry, tmp_path)
    assert len(census.alive) == len(cells) == 12
    assert max(alive["tables"] for alive in census.alive) == 4  # images and texts, of train and test
    assert max(alive["encoders"] for alive in census.alive) == 1
    assert max(alive["datasets"] for alive in census.alive) == 1
    assert not census.count()


def test_nothing_that_a_later_cell_needs_is_made_twice(census, registry, tmp_path) -> None:
    """Also not when the cells of one data set and encoder are far apart."""
    cells = sorted(cells_of(registry, tmp_path), key=lambda cell: cell.key.method)
    registry.hooks.register(census)
    run_cells(cells, bench(tmp_path), registry, tmp_path)
    assert census.made == {"datasets": 3, "encoders": 3 * 2, "tables": 3 * 2 * 4}
    assert max(alive["tables"] for alive in census.alive) == 3 * 2 * 4
    assert not census.count()


def test_skipped_cells_let_go_too(census, registry, tmp_path) -> None:
    cells = cells_of(registry, tmp_path, methods=("sum",))
    run_cells(cells, bench(tmp_path), registry, tmp_path)
    again = bench(tmp_path)
    assert {result.outcome for result in run_cells(cells, again, registry, tmp_path)} == {"done before"}
    assert not census.count()


def test_seeds_share_the_tables_of_a_pretrained_encoder(census, registry, tmp_path) -> None:
    cells = cells_of(registry, tmp_path, methods=("tirg",), encoders=("toy",), seeds=3)[:3]
    assert [cell.key.seed for cell in cells] == [0, 1, 2]
    run_cells(cells, bench(tmp_path), registry, tmp_path)
    assert census.made == {"datasets": 1, "encoders": 1, "tables": 4}


def test_without_a_plan_nothing_is_dropped(census, registry, tmp_path) -> None:
    (cell, *_) = cells_of(registry, tmp_path)
    kept = bench(tmp_path)
    for _ in range(2):
        kept.tables.source(cell, kept.data.evaluation_items(cell), lambda event: None)
    assert census.made == census.count() == {"datasets": 1, "encoders": 1, "tables": 2}


def test_a_thing_is_dropped_by_its_last_planned_user(registry, tmp_path) -> None:
    first, second, *_ = cells_of(registry, tmp_path)
    lifetimes = Lifetimes()
    things: Shared[list[str]] = lifetimes.shared(lambda cell: [key("both"), key(cell.key.encoder)])
    lifetimes.plan([first, second])
    names = "both", first.key.encoder, second.key.encoder
    made = {name: things.get(key(name), lambda name=name: [name]) for name in names}
    lifetimes.finish(first)
    assert things.get(key("both"), list) is made["both"]
    assert things.get(key(second.key.encoder), list) is made[second.key.encoder]
    assert things.get(key(first.key.encoder), list) == []
