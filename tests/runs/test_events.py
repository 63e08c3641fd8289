"""Plugins hear what happens in a run, in order; one that fails is blamed and silenced, and nothing else stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cir_bench import (
    CellFinished,
    CellStarted,
    EpochFinished,
    RunFinished,
    RunStarted,
    WorkProgress,
    hookimpl,
)
from cir_bench.interfaces.events import Event
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.schedule import run_cells
from cir_bench.runs.workbench import Workbench

PLUGIN = Path(__file__).parents[1] / "support" / "toy_plugin.py"


class Listener:
    """Remembers everything, or raises ``error`` at events of one type."""

    def __init__(self, at: type[Event] | None = None, error: BaseException | None = None) -> None:
        self.heard: list[Event] = []
        self._at, self._error = at, error

    @hookimpl
    def cir_bench_run_started(self, event: RunStarted) -> None:
        self._hear(event)

    @hookimpl
    def cir_bench_cell_started(self, event: CellStarted) -> None:
        self._hear(event)

    @hookimpl
    def cir_bench_progress(self, event: WorkProgress) -> None:
        self._hear(event)

    @hookimpl
    def cir_bench_epoch_finished(self, event: EpochFinished) -> None:
        self._hear(event)

    @hookimpl
    def cir_bench_cell_finished(self, event: CellFinished) -> None:
        self._hear(event)

    @hookimpl
    def cir_bench_run_finished(self, event: RunFinished) -> None:
        self._hear(event)

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        if self._error is not None and type(event) is self._at:
            raise self._error

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.heard if isinstance(event, kind)]


@pytest.fixture
def registry() -> Registry:
    return load_plugins(PluginOptions(files=(PLUGIN,), without=frozenset({"terminal"})), environ={})


@pytest.fixture
def run(registry: Registry, tmp_path: Path):
    """``run("sum", "tirg", …)`` runs methods on the toy benchmark, two epochs each."""

    def call(*methods: str, encoder: str = "toy", **options: bool) -> list[CellFinished]:
        settings = {"training": {"epochs": 2, "batch_size": 200}}
        request = RunRequest(methods=methods, benchmarks=("toy",), encoders=(encoder,), settings=settings)
        bench = Workbench(None, tmp_path / "cache", torch.device("cpu"))
        return run_cells(resolve(request, registry), bench, registry, tmp_path, **options)

    return call


def record_of(finished: CellFinished) -> RunRecord:
    return read_record(finished.folder / RECORD_FILE)


def kinds(heard: list[Event]) -> list[str]:
    """The types in order, without repeats side by side."""
    names = [type(event).__name__ for event in heard]
    return [name for place, name in enumerate(names) if names[place - 1 : place] != [name]]


def test_a_run_is_announced_in_order(run, registry, tmp_path) -> None:
    listener = Listener()
    registry.hooks.register(listener)
    (result,) = run("tirg")
    assert kinds(listener.heard) == [
        "RunStarted",
        "CellStarted",
        "WorkProgress",
        "EpochFinished",
        "WorkProgress",
        "EpochFinished",
        "WorkProgress",
        "CellFinished",
        "RunFinished",
    ]
    start, cell = listener.heard[:2]
    key = result.cell
    assert start == RunStarted((key,), tmp_path)
    assert cell == CellStarted(key, 1, 1, "to do", settings=record_of(result).config)
    record = record_of(result)
    epochs = listener.of(EpochFinished)
    assert [(one.cell, one.stage, one.epoch, one.epochs) for one in epochs] == [
        (key, "training", 1, 2),
        (key, "training", 2, 2),
    ]
    assert [(one.terms, one.selection) for one in epochs] == [(one.terms, one.selection) for one in record.history]
    finished, end = listener.heard[-2:]
    assert finished is result and result.folder.is_relative_to(tmp_path)
    assert (finished.cell, finished.outcome, finished.folder) == (key, "done", result.folder)
    assert (finished.metrics, finished.headline, finished.partial) == (record.metrics, "R@1", False)
    assert finished.seconds == sum(phase.seconds for phase in record.cost.phases)
    assert end == RunFinished(tmp_path, {"done": 1}, complete=True)


def test_progress_is_of_extractions_and_of_training(run, registry) -> None:
    listener = Listener()
    registry.hooks.register(listener)
    run("tirg")
    work = listener.of(WorkProgress)
    features = {one.detail: (one.done, one.total) for one in work if one.activity == "extracting features"}
    assert features == {
        "images of toy (train): pooled": (84, 84),
        "texts of toy (train): pooled": (15, 15),  # and with them all texts of the test split
        "images of toy (test): pooled": (41, 41),
    }
    training = [(one.detail, one.done, one.total) for one in work if one.activity == "training"]
    total = training[-1][1]
    assert training[0] == ("training 1/2", 0, total) and training[-1] == ("training 2/2", total, total)
    assert ("training 1/2", total // 2, total) in training and ("training 2/2", total // 2, total) in training


def test_phases_are_called_what_they_do(run) -> None:
    (result,) = run("tirg")
    names = [phase.name for phase in record_of(result).cost.phases]
    assert list(dict.fromkeys(names)) == ["preparing", "extracting features", "training", "ranking", "evaluating"]


def test_skipped_and_failed_cells_say_why(run, registry) -> None:
    run("sum", "breaks")
    listener = Listener()
    registry.hooks.register(listener)
    results = run("sum", "breaks", "nan-loss", "wants-maps")
    finished = {event.cell.method: event for event in listener.of(CellFinished)}
    assert {name: event.outcome for name, event in finished.items()} == {
        "sum": "done before",
        "breaks": "failed before",
        "nan-loss": "failed",
        "wants-maps": "failed",
    }
    assert [event.number for event in finished.values()] == [1, 2, 3, 4]
    assert finished["sum"].metrics and finished["sum"].headline == "R@1"
    assert "toy failure" in finished["breaks"].reason and "became nan" in finished["nan-loss"].reason
    assert {event.cell.method: event.status for event in listener.of(CellStarted)} == {
        "nan-loss": "to do",
        "wants-maps": "refused",
    }
    end = listener.heard[-1]
    assert end.outcomes == {"done before": 1, "failed before": 1, "failed": 2} and end.complete
    assert results == list(finished.values())


def test_fail_fast_leaves_the_run_incomplete(run, registry) -> None:
    listener = Listener()
    registry.hooks.register(listener)
    run("breaks", "nan-loss", fail_fast=True)
    assert listener.heard[-1].outcomes == {"failed": 1} and not listener.heard[-1].complete


def test_an_interrupted_run_still_ends(run, registry) -> None:
    interrupting, listener = Listener(EpochFinished, KeyboardInterrupt()), Listener()
    registry.hooks.register(interrupting)
    registry.hooks.register(listener)
    with pytest.raises(KeyboardInterrupt):
        run("tirg", "combiner")
    cell, end = listener.heard[-2:]
    assert (cell.outcome, cell.number, cell.of) == ("interrupted", 1, 2)
    assert end.outcomes == {"interrupted": 1} and not end.complete
    registry.hooks.unregister(interrupting)
    listener.heard.clear()
    run("tirg")
    (started,) = listener.of(CellStarted)
    assert started.status == "interrupted" and [event.epoch for event in listener.of(EpochFinished)] == [2]


@pytest.mark.parametrize("at", [CellStarted, WorkProgress, EpochFinished, CellFinished])
@pytest.mark.parametrize("error", [ValueError("no server"), SystemExit(3)], ids=["exception", "sys.exit"])
def test_a_listener_that_raises_is_blamed_and_silenced(run, registry, caplog, at, error) -> None:
    broken, sound = Listener(at, error), Listener()
    registry.hooks.register(broken, "'tracker' of cir-bench-tracker 1.2")
    registry.hooks.register(sound)
    results = run("sum", "tirg") if at is not EpochFinished else run("tirg")
    (said,) = [line for line in caplog.messages if "raised" in line]
    kind = type(error).__name__
    assert f"plugin 'tracker' of cir-bench-tracker 1.2 raised {kind}: {error}; the plugin hears nothing more" in said
    assert isinstance(broken.heard[-1], at) and len(broken.of(at)) == 1
    assert isinstance(sound.heard[-1], RunFinished) and len(sound.of(CellFinished)) == len(results)
    assert all(result.outcome == "done" for result in results)
    first, *others = map(record_of, results)
    assert said in first.warnings and not any(said in record.warnings for record in others)


def test_a_silenced_listener_hears_the_next_run(run, registry) -> None:
    broken = Listener(RunStarted, ValueError("not yet"))
    registry.hooks.register(broken)
    run("sum")
    run("sum")
    assert kinds(broken.heard) == ["RunStarted"] and len(broken.heard) == 2


LISTENER = """
from pathlib import Path

from cir_bench import CellFinished, hookimpl


@hookimpl
def cir_bench_cell_finished(event: CellFinished):
    with Path(__file__).with_suffix(".log").open("a") as log:
        print(event.cell.name, event.outcome, file=log)


@hookimpl
def cir_bench_run_finished():
    raise OSError("the disk is gone")
"""


def test_a_single_file_may_listen_and_its_failure_is_one_line(toy, tmp_path, caplog) -> None:
    file = tmp_path / "listener.py"
    file.write_text(LISTENER)
    code, _ = toy.run("--plugin", str(file), "-m", "sum")
    assert code == 0
    assert file.with_suffix(".log").read_text() == "sum on toy/test@1, toy, seed 0 done\n"
    (said,) = [line for line in caplog.messages if "raised" in line]
    assert f"cir_bench_run_finished of plugin {file}" in said and "OSError: the disk is gone" in said


def test_without_the_terminal_s_plugin_nothing_is_shown(toy) -> None:
    code, said = toy.run("-m", "sum", "--without-plugins", "terminal")
    assert code == 0 and said.splitlines() == [
        f"Leaderboard: {toy.out / 'LEADERBOARD.md'}",
        "1 run, 0 done before, 0 failed.",
    ]
