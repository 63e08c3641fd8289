"""What a log and a terminal show of a run."""

import io
import re
from pathlib import Path

import pytest

from cir_bench import CellFinished, CellKey, CellStarted, EpochFinished, RunStarted, WorkProgress
from cir_bench.cli import run_view
from cir_bench.cli.run_view import RunView

CELL = CellKey(method="tirg", benchmark="css", protocol="test@1", encoder="tiny", track="controlled", seed=0)


def epoch(stage, number, of, seconds):
    return EpochFinished(CELL, stage, number, of, {"rank": 0.5}, None, seconds, 1.0)


@pytest.fixture
def clock(monkeypatch):
    """``clock(5)`` lets five seconds go by."""
    now = [1000.0]
    monkeypatch.setattr(run_view.time, "monotonic", lambda: now[0])

    def pass_by(seconds):
        now[0] += seconds

    return pass_by


@pytest.fixture
def view_of(monkeypatch):
    """A view of a run whose standard output is a file, and the file."""
    stream, view = io.StringIO(), RunView()
    with monkeypatch.context() as patch:
        patch.setattr(run_view.sys, "stdout", stream)
        view.cir_bench_run_started(RunStarted((CELL,), Path()))
    return view, stream


def test_the_time_left_is_that_of_the_epochs_run_now(clock, view_of):
    """Neither what came before them nor the epochs of an interrupted run count, and each stage has its own pace."""
    view, stream = view_of
    clock(500)  # features
    for number in range(5, 11):
        clock(20)
        view.cir_bench_epoch_finished(epoch("training", number, 10, 20.0))
    for number in (1, 2):
        clock(90)
        view.cir_bench_epoch_finished(epoch("tuning", number, 2, 90.0))
    left = [line.split(", ")[-1] for line in stream.getvalue().splitlines()]
    assert left == [
        "100 s left",
        "80 s left",
        "60 s left",
        "40 s left",
        "20 s left",
        "0 s left",
        "90 s left",
        "0 s left",
    ]


def test_a_log_has_a_line_about_an_epoch_or_an_extraction_now_and_then(clock, view_of):
    view, stream = view_of
    view.cir_bench_cell_started(CellStarted(CELL, 1, 2, "stale", "training.epochs 5 → 10"))
    for done in range(0, 101, 10):
        clock(3)
        view.cir_bench_progress(WorkProgress(CELL, "extracting features", "images of css (test)", done, 100))
        view.cir_bench_progress(WorkProgress(CELL, "training", "training 1/9", done, 100))
    view.cir_bench_epoch_finished(epoch("training", 1, 2, 1.0))
    view.cir_bench_epoch_finished(epoch("training", 2, 2, 1.0))
    assert stream.getvalue().splitlines() == [
        "[1/2] tirg on css/test@1, tiny, seed 0 (stale: training.epochs 5 → 10)",
        *(f"  features, images of css (test): {done}/100" for done in (30, 70, 100)),
        "  training 2/2: loss 0.5000, 0 s left",
    ]


FINISHED = {
    "done": ({"metrics": {"R@1": 12.345}, "headline": "R@1", "seconds": 3.2}, ": R@1 12.35 (3 s)"),
    "partial": ({"metrics": {"R@1": 1.0}, "headline": "R@1", "partial": True}, ": R@1 1.00 (0 s, partial)"),
    "hidden": ({}, ": rankings kept, no metrics, since the targets are hidden (0 s)"),
    "failed": ({"outcome": "failed", "reason": "OSError: no"}, "did not run: tirg"),
    "done before": ({"outcome": "done before"}, "seed 0: done before"),
    "failed before": ({"outcome": "failed before", "reason": "no"}, "seed 0: failed before: no"),
    "elsewhere": ({"outcome": "running elsewhere"}, "seed 0: running elsewhere"),
}


@pytest.mark.parametrize(("facts", "said"), FINISHED.values(), ids=FINISHED)
def test_every_outcome_is_one_line_that_says_what(facts, said, view_of):
    view, stream = view_of
    view.cir_bench_cell_finished(CellFinished(CELL, 1, 1, **{"outcome": "done", "folder": Path(), **facts}))
    (line,) = stream.getvalue().splitlines()
    assert said in line


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_has_bars_that_leave_the_results_behind(monkeypatch):
    terminal, view = Terminal(), RunView()
    monkeypatch.setattr(run_view.sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    view.cir_bench_run_started(RunStarted((CELL, CELL), Path()))
    view.cir_bench_cell_finished(CellFinished(CELL, 1, 2, "done before", Path()))
    view.cir_bench_cell_started(CellStarted(CELL, 2, 2, "to do"))
    for done in (0, 64, 128):
        view.cir_bench_progress(WorkProgress(CELL, "extracting features", "images of css (test)", done, 128))
    view.cir_bench_progress(WorkProgress(CELL, "training", "training 1/2", 0, 512))
    view.cir_bench_epoch_finished(EpochFinished(CELL, "training", 1, 2, {"rank": 0.5}, 12.5, 1.0, 1.0))
    view.cir_bench_progress(WorkProgress(CELL, "training", "training 2/2", 300, 512))
    view._bars._bars.refresh()
    view.cir_bench_cell_finished(CellFinished(CELL, 2, 2, "done", Path(), metrics={"R@1": 50.0}, headline="R@1"))
    view.cir_bench_run_finished()
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is back
    said = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue())
    assert "[1/2] tirg on css/test@1, tiny, seed 0: done before" in said.splitlines()
    assert "tirg: training 2/2, held out 12.50" in said and " 59% " in said and "1 of 2 cells" in said
    assert re.search(r"held out 12\.50.*… .* images/s -:--:--", said), "text is cut for the time left"
    assert any(line.endswith("tirg on css/test@1, tiny, seed 0: R@1 50.00 (0 s)") for line in said.splitlines())


def test_a_terminal_shows_names_as_they_are(monkeypatch):
    """Brackets are no markup, and ``:tada:`` is no picture."""
    terminal, view = Terminal(), RunView()
    monkeypatch.setattr(run_view.sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    cell = CELL.model_copy(update={"benchmark": "folder:tada:", "variant": "training.epochs=2"})
    view.cir_bench_run_started(RunStarted((cell, CELL), Path()))
    view.cir_bench_cell_started(CellStarted(cell, 1, 2, "to do"))
    view._bars._bars.refresh()
    view.cir_bench_progress(WorkProgress(cell, "extracting features", "images of css [bold]", 1, 2))
    view._bars._bars.refresh()
    in_bars = terminal.getvalue()
    view.cir_bench_cell_finished(CellFinished(cell, 1, 2, "done", Path()))
    view.cir_bench_run_finished()
    said = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.getvalue()[len(in_bars) :])
    assert "tirg [training.epochs=2] on folder:tada:/test@1, tiny, seed 0" in said
    in_bars = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", in_bars)
    assert "tirg [training.epochs=2] on folder:tada:/test@1" in in_bars
    assert "features, images of css [bold]" in in_bars
