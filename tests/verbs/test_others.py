"""`plan`, `compare` and `leaderboard` from Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cir_bench
from cir_bench import CirBenchError, RunResult

from .conftest import PLUGIN, arguments


def test_a_plan_shows_every_cell_and_runs_nothing(toy: dict[str, Any]) -> None:
    del toy["workers"]
    plan = cir_bench.plan(methods=["sum", "wants-maps"], seeds=2, **toy)
    assert [(row.cell.method, row.cell.seed, row.state) for row in plan] == [
        ("sum", 0, "to do"),
        ("sum", 1, "to do"),
        ("wants-maps", 0, "refused"),
        ("wants-maps", 1, "refused"),
    ]
    assert len(plan) == 4 and plan.unknown == 2 and plan.seconds == 0
    assert "no estimate for 2 never run here" in str(plan) and "| sum on toy/test@1" in plan._repr_markdown_()
    assert plan._repr_html_().count("<tr>") == 5
    assert list(plan.to_pandas()["state"]) == ["to do", "to do", "refused", "refused"]
    assert not toy["out"].exists()


def test_a_plan_counts_features_when_asked(toy: dict[str, Any]) -> None:
    del toy["workers"]
    plan = cir_bench.plan(methods="sum", features=True, **toy)
    assert any(note.startswith("To extract: 41 of 41 images of toy") for note in plan.notes)


def test_a_plan_knows_what_is_done(finished: RunResult, root: Path) -> None:
    given = {name: value for name, value in arguments(root).items() if name != "workers"}
    plan = cir_bench.plan(methods="sum", settings={"selection.on": "last"}, **given)
    assert [row.state for row in plan] == ["done"]


def test_two_rows_are_compared(finished: RunResult) -> None:
    found = cir_bench.compare("sum", "image-only", records=finished.out, plugin=PLUGIN, flips=1)
    by_method = {record.cell.method: record.metrics.get("R@1", 0.0) for record in finished}
    assert found.difference == pytest.approx(by_method["sum"] - by_method["image-only"])
    assert [record.cell.method for record in found] == ["sum", "image-only"]
    assert found.metric == "R@1" and 0 <= found.p <= 1 and found.differ in (True, False)
    assert "paired randomisation test" in str(found) and "<th>queries</th>" in found._repr_html_()
    assert found._repr_markdown_().startswith("- toy/test@1")
    frame = found.to_pandas()
    assert frame["name"][0] == "all" and set(frame["name"][1:]) == {"tag:a", "tag:b", "tag:c"}


def test_rows_that_do_not_exist_are_a_mistake(finished: RunResult) -> None:
    with pytest.raises(CirBenchError, match="No finished cell is called 'summ'; did you mean 'sum'"):
        cir_bench.compare("summ", "image-only", records=finished.out, plugin=PLUGIN)


def test_what_is_no_row_and_no_form_is_a_mistake(finished: RunResult) -> None:
    with pytest.raises(CirBenchError, match=r"compare\(1, 2\): name two rows"):
        cir_bench.compare(1, 2, records=finished.out, plugin=PLUGIN)  # type: ignore[arg-type]
    board = cir_bench.leaderboard(records=finished.out, plugin=PLUGIN)
    with pytest.raises(CirBenchError, match="to='html': a leaderboard is written as markdown, latex, csv"):
        board.text("html")  # type: ignore[arg-type]


def test_a_leaderboard_is_a_table_and_a_file(finished: RunResult, tmp_path: Path) -> None:
    board = cir_bench.leaderboard(records=finished.out, plugin=PLUGIN, out=tmp_path / "L.csv", to="csv")
    assert (tmp_path / "L.csv").read_text() == board.text("csv")
    assert board.text() == (finished.out / "LEADERBOARD.md").read_text()
    assert len(board) == 3 and "sum" in str(board) and "<table>" in board._repr_html_()
    frame = board.to_pandas()
    assert set(frame["method"]) == {"sum", "image-only", "wants-maps"} and "R@1" in frame
    assert frame["low"][0] <= frame["R@1"][0] <= frame["high"][0]


def test_a_leaderboard_packs_records(finished: RunResult, tmp_path: Path) -> None:
    cir_bench.leaderboard(records=finished.out, plugin=PLUGIN, pack=tmp_path / "packed")
    assert len([*(tmp_path / "packed").rglob("record.json")]) == 3


def test_damaged_records_are_noted(finished: RunResult, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("{}")
    board = cir_bench.leaderboard(records=[finished.out, tmp_path], plugin=PLUGIN)
    assert any("is not a readable run record" in note for note in board.notes) and "readable" in str(board)


def test_a_folder_without_records_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(CirBenchError, match="There are no run records below"):
        cir_bench.leaderboard(records=tmp_path)


def test_importing_the_face_loads_nothing_heavy() -> None:
    code = "import cir_bench, sys; cir_bench.plan; print({'torch', 'pandas', 'typer', 'datasets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_function_is_not_replaced_by_a_package_of_its_name() -> None:
    import cir_bench.leaderboards

    assert callable(cir_bench.leaderboard)
