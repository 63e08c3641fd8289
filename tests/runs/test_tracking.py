"""``--track-with``: a tracker hears of a run; one that fails is blamed, and nothing else stops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench.interfaces.events import CellFinished
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.tracking import open_trackers

from .conftest import PLUGIN, Toy

TRACKERS = PLUGIN.with_name("tracker_plugin.py")
EPOCHS = ["--set", "training.epochs=2"]


@pytest.fixture
def tracked(toy: Toy) -> Toy:
    """`toy`, with the trackers of `tracker_plugin`."""
    argv = toy.argv
    toy.argv = lambda verb, *options: argv(verb, "--plugin", str(TRACKERS), *options)  # type: ignore[method-assign]
    return toy


def lines(toy: Toy, name: str = "lines.jsonl") -> list[Any]:
    return [json.loads(line) for line in (toy.out / name).read_text().splitlines()]


def test_it_hears_of_every_cell_that_runs(tracked: Toy) -> None:
    assert tracked.run("-m", "tirg", "-m", "sum", "-m", "wants-maps", *EPOCHS, "--track-with", "lines")[0] == 1
    told = lines(tracked)
    tirg = [line for line in told if line[1] and "/tirg+" in line[1]]
    assert [line[0] for line in tirg] == ["start", "log", "log", "picture", "end"]
    assert tirg[0][1] == "toy/test@1/controlled/toy/" + tirg[0][1].split("/")[-2] + "/seed-0"
    assert tirg[0][3]["method.training.epochs"] == "2"
    first, second = tirg[1], tirg[2]
    assert (first[3], second[3]) == (1, 2)
    assert {"loss", "loss/batch-classification", "images_per_second", "epoch_seconds", "memory_mib"} <= set(first[2])
    assert second[2]["loss"] == pytest.approx(sum(v for k, v in second[2].items() if k.startswith("loss/")))
    record = next(one for name, one in tracked.records().items() if name.startswith("tirg"))
    assert tirg[-1][2] == "done" and tirg[-1][4]["R@1"] == record.metrics["R@1"]
    assert {"train_seconds", "peak_memory_mib", "parameters"} <= set(tirg[-1][4])
    (failed,) = [line for line in told if line[0] == "end" and line[2] == "failed"]
    assert "encoders that would do" in failed[3] and failed[4] == {}
    assert [line[0] for line in told].count("close") == 1 and told[-1][0] == "close"


def test_what_was_done_before_is_not_tracked(tracked: Toy) -> None:
    assert tracked.run("-m", "sum")[0] == 0
    assert tracked.run("-m", "sum", "--track-with", "lines")[0] == 0
    assert lines(tracked) == [["close", None]]


def test_the_picture_shows_queries_and_what_was_found(tracked: Toy) -> None:
    assert tracked.run("-m", "sum", "--track-with", "lines")[0] == 0
    with Image.open(tracked.out / "lines.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert picture.size == (642, 750)
    assert len(colours) > 5


def test_one_that_fails_is_blamed_and_hears_no_more(tracked: Toy, caplog: pytest.LogCaptureFixture) -> None:
    words = ["--track-with", "broken:broken.jsonl", "--track-with", "lines"]
    assert tracked.run("-m", "tirg", *EPOCHS, *words)[0] == 0
    assert [line[0] for line in lines(tracked, "broken.jsonl")] == ["start", "close"]
    assert [line[0] for line in lines(tracked)] == ["start", "log", "log", "picture", "end", "close"]
    (record,) = tracked.records().values()
    (warning,) = [text for text in record.warnings if "tracker" in text]
    assert "tracker_plugin.py" in warning
    assert "(tracker broken:broken.jsonl) raised ValueError: the server is gone" in warning
    assert warning in caplog.text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lins", "there is no tracker 'lins'; did you mean 'lines'?"),
        ("absent", "[absent]'"),
        ("lines:", "lines:"),
    ],
)
def test_a_mistake_is_found_before_anything_runs(tracked: Toy, name: str, said: str) -> None:
    code, text = tracked.run("-m", "sum", "--track-with", name)
    assert code == 2 and said in text
    assert not tracked.records()


def test_a_cell_whose_process_died_is_ended_by_the_next_one(tmp_path: Path, toy: Toy) -> None:
    registry = load_plugins(PluginOptions(files=(PLUGIN, TRACKERS)), environ={})
    (cell,) = resolve(RunRequest(methods=("sum",), benchmarks=("toy",)), registry)
    open_trackers(["lines"], registry, [cell], None, tmp_path, here=False)  # type: ignore[arg-type]
    died = CellFinished(cell.key, 1, 1, "failed", cell.folder(tmp_path), "killed by signal 9")
    registry.hooks.hook.cir_bench_cell_finished(event=died)
    told = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert [(line[0], line[2]) for line in told] == [("start", True), ("end", "failed")]
