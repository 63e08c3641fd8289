"""`cir_bench.run`: what the command line does, with a result that shows itself."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import cir_bench
from cir_bench import ConfigError, RunResult
from cir_bench.cli.app import main
from cir_bench.cli.engine_options import EngineOptions
from cir_bench.cli.run_options import RunOptions

from .conftest import PLUGIN


def test_it_has_the_records_and_what_became_of_every_cell(finished: RunResult) -> None:
    assert [cell.outcome for cell in finished.cells] == ["done", "done", "failed"]
    assert [record.cell.method for record in finished] == ["sum", "image-only", "wants-maps"]
    assert len(finished) == 3 and finished.records[0].metrics["R@1"] >= 0
    (failed,) = finished.failed
    assert failed.cell.method == "wants-maps" and "encoders that would do" in failed.reason


def test_it_shows_itself_as_text_markdown_and_html(finished: RunResult) -> None:
    assert re.search(r"^[12]=? +sum \(selection.on=last\) ", str(finished), re.MULTILINE)
    assert str(finished) == repr(finished) and "did not run" in str(finished)
    markdown = finished._repr_markdown_()
    assert "**toy/test@1 · controlled track · encoder toy**" in markdown
    assert "| `sum` (`selection.on=last`)" in markdown
    html = finished._repr_html_()
    assert html.count("<tr>") == 4 and "<td><code>sum</code> (<code>selection.on=last</code>)</td>" in html


def test_what_records_say_is_escaped_in_html(toy: dict[str, Any], finished: RunResult) -> None:
    from cir_bench.leaderboards import build
    from cir_bench.verbs.tables import html_board

    record = finished.records[0]
    evil = record.model_copy(update={"cell": record.cell.model_copy(update={"method": "<script>", "benchmark": "<b>"})})
    html = html_board(build([evil]), ["<i>"])
    assert "<script>" not in html and "<b>" not in html and "<i>" not in html


def test_pandas_has_a_row_for_each_record(finished: RunResult) -> None:
    frame = finished.to_pandas()
    assert list(frame["method"]) == ["sum", "image-only", "wants-maps"]
    assert list(frame["outcome"]) == ["done", "done", "failed"]
    assert frame["R@1"][0] == finished.records[0].metrics["R@1"]
    assert frame["R@1"].isna().tolist() == [False, False, True]
    assert Path(frame["folder"][0], "record.json").exists()


def test_nothing_is_printed_unless_progress_is_wanted(toy: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    cir_bench.run(methods="sum", **toy)
    assert capfd.readouterr() == ("", "")
    cir_bench.run(methods="sum", seeds=2, progress=True, **toy)
    assert "[2/2] sum on toy/test@1" in capfd.readouterr().out


def test_the_command_line_goes_on_with_the_same_records(
    toy: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    result = cir_bench.run(methods="sum", **toy)
    words = ["run", "--plugin", str(PLUGIN), "-b", "toy", "-m", "sum", "--device", "cpu"]
    assert main([*words, "--out", str(toy["out"]), "--cache-dir", str(toy["cache_dir"])]) == 0
    assert "0 run, 1 done before" in capsys.readouterr().out
    again = cir_bench.run(methods="sum", **toy)
    assert [cell.outcome for cell in again.cells] == ["done before"] and again.records == result.records
    assert (result.out / "LEADERBOARD.md").exists()


def test_settings_are_nested_or_dotted(toy: dict[str, Any]) -> None:
    settings = {"training.epochs": 1, "training": {"lr": 0.01}}
    (record,) = cir_bench.run(methods="tirg", settings=settings, limit=4, **toy)
    assert record.config["method"]["training"]["epochs"] == 1 and record.config["method"]["training"]["lr"] == 0.01


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"methods": "summ"}, "there is no method 'summ'; did you mean 'sum'?"),
        ({}, "name the methods to run"),
        ({"methods": "sum", "seeds": 0}, "seeds"),
        ({"methods": "sum", "limit": 0}, "limit"),
        ({"methods": "sum", "settings": {"nothing": 1}}, "nothing"),
        ({"methods": "sum", "cell_timeout": 5.0}, "max-cells gives each cell a process of its own"),
        ({"methods": "sum", "data_root": "/no/such"}, "there is no such folder"),
        ({"methods": "sum", "data_root": 5}, "data_root=5 is not a path"),
        ({"methods": 3}, "3 is neither a name nor a list of names"),
        ({"methods": ["sum", 3]}, "['sum', 3] is neither a name nor a list of names"),
        ({"methods": "sum", "track_with": 5}, "5 is neither a name nor a list of names"),
        ({"methods": "sum", "settings": "training.epochs=1"}, "'training.epochs=1' is not a dictionary of settings"),
        ({"methods": "sum", "settings": {3: 1}}, "{3: 1} is not a dictionary of settings"),
        ({"methods": "sum", "on_set": ["a"]}, "['a'] is not a dictionary of settings"),
    ],
)
def test_a_mistake_is_one_sentence(toy: dict[str, Any], arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        cir_bench.run(**{**toy, **arguments})
    assert not toy["out"].exists()


def test_an_argument_that_does_not_exist_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"run\(\) has no argument 'data_rot'; did you mean 'data_root'\?"):
        cir_bench.run(methods="sum", data_rot="x")  # type: ignore[call-arg]


def test_every_option_of_the_command_line_is_an_argument() -> None:
    from cir_bench.cli.common import _settings
    from cir_bench.cli.run import run as command
    from cir_bench.verbs.settings import Loading

    renamed = {"assignments": "settings"}
    shared = set(inspect.signature(_settings).parameters)
    options = set(inspect.signature(command).parameters) - shared - {"as_json"}
    assert {*vars(RunOptions()), *vars(EngineOptions())} <= options
    arguments = set(inspect.signature(cir_bench.run).parameters) - {"progress", "loading"}
    assert {renamed.get(name, name) for name in options} == arguments
    assert shared == set(Loading.__annotations__)
