"""A failed cell is tried again when something that its failure depended on has changed, and only then."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cir_bench.cli import main
from cir_bench.records.record import RECORD_FILE, read_record, write_record
from cir_bench.runs import failures, state

from .conftest import Toy

Cli = Callable[..., tuple[int, str]]

BREAKS = """
import cir_bench as cb

CIR_BENCH_API = 1


class Breaks(cb.Composer):
    def __init__(self, params, context):
        super().__init__()

    def compose(self, reference, text):
        raise {error}


@cb.hookimpl
def cir_bench_methods():
    yield cb.MethodSpec(name="breaks-here", summary="x", implementation=Breaks, loss={{}}, learns=False)
"""


@pytest.fixture
def cli(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Exit code and output of ``cir-bench VERB -m image-only -b folder:photos -e tiny``."""

    def call(verb: str, *words: str) -> tuple[int, str]:
        places = ["--out", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache"), "--device", "cpu"]
        code = main([verb, "-m", "image-only", "-b", f"folder:{photos}", "-e", "tiny", *places, *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def test_a_folder_that_was_completed_is_run_by_the_same_command(cli: Cli, photos: Path) -> None:
    content = (photos / "val3.png").read_bytes()
    (photos / "val3.png").unlink()
    assert cli("run")[0] == 1
    assert "failed before" in cli("run")[1] and cli("plan")[1].startswith("failed")
    (photos / "val3.png").write_bytes(content)
    planned = cli("plan")[1]
    assert planned.startswith("stale") and "it failed, and since then: it can be prepared now" in planned
    code, said = cli("run")
    assert code == 0 and "1 run, 0 done before, 0 failed" in said


def test_a_folder_that_was_completed_in_part_fails_with_what_is_missing_now(cli: Cli, photos: Path) -> None:
    content = (photos / "val3.png").read_bytes()
    for name in ("val3", "val4"):
        (photos / f"{name}.png").unlink()
    cli("run")
    (photos / "val3.png").write_bytes(content)
    assert "since then: 1 of 8 images" in cli("plan")[1] and "missing (val4)" in cli("plan")[1]
    code, said = cli("run")
    assert code == 1 and "failed before" not in said and "(val4)" in said
    assert "failed before" in cli("run")[1]


def test_allow_partial_is_heeded_as_the_message_says(cli: Cli, photos: Path) -> None:
    (photos / "val3.png").unlink()
    assert "--allow-partial" in cli("run")[1]
    planned = cli("plan", "--allow-partial")[1]
    assert planned.startswith("stale") and "--allow-partial changed" in planned
    code, said = cli("run", "--allow-partial")
    assert code == 0 and "1 run, 0 done before, 0 failed" in said


def test_an_unreadable_image_that_was_replaced_is_tried_again(cli: Cli, photos: Path) -> None:
    (photos / "val3.png").write_bytes(b"not an image")
    assert cli("run")[0] == 1 and "failed before" in cli("run")[1]
    Image.new("RGB", (8, 8), (1, 2, 3)).save(photos / "val3.png")
    assert "the images of the evaluation changed" in cli("plan")[1]
    assert cli("run")[0] == 0


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "breaks.py"
    path.write_text(BREAKS.format(error="ZeroDivisionError('bug')"))
    return path


def test_a_plugin_that_was_corrected_is_tried_again(toy: Toy, plugin: Path) -> None:
    options = ("--plugin", str(plugin), "-m", "breaks-here")
    assert toy.run(*options)[0] == 1 and "failed before" in toy.run(*options)[1]
    plugin.write_text(
        plugin.read_text().replace("raise ZeroDivisionError('bug')", "return cb.Embedding.single(text.pooled)")
    )
    assert "since then: code of plugin breaks.py changed: breaks.py" in toy.plan(*options)[1]
    assert toy.run(*options)[0] == 0


def test_other_packages_are_another_environment(toy: Toy, plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--plugin", str(plugin), "-m", "breaks-here")
    toy.run(*options)
    monkeypatch.setattr(failures, "_packages", lambda: "others")
    assert "since then: the installed packages changed" in toy.plan(*options)[1]
    assert "failed before" not in toy.run(*options)[1]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.ECONNRESET], ids=errno.errorcode.get)
def test_errors_of_disk_and_network_are_tried_again(toy: Toy, plugin: Path, number: int) -> None:
    options = ("--plugin", str(plugin), "-m", "breaks-here")
    plugin.write_text(BREAKS.format(error=f"OSError({number}, {os.strerror(number)!r})"))
    assert toy.run(*options)[0] == 1
    said = toy.plan(*options)[1]
    assert "a file, the disk or the network failed, which may be over" in said or said.startswith("to do")
    assert "failed before" not in toy.run(*options)[1]


def test_a_record_that_does_not_say_what_its_failure_depended_on_is_tried_again(toy: Toy, plugin: Path) -> None:
    options = ("--plugin", str(plugin), "-m", "breaks-here")
    toy.run(*options)
    (path,) = toy.out.rglob(RECORD_FILE)
    record = read_record(path)
    kept = {name: value for name, value in record.ingredients.items() if not name.startswith("failure.")}
    write_record(record.model_copy(update={"ingredients": kept}), path.parent)
    assert "its record does not say under which circumstances" in toy.plan(*options)[1]
    toy.run(*options)
    assert "failed before" in toy.run(*options)[1]


def test_a_cell_that_ended_its_process_is_not_prepared_to_find_out(toy: Toy, plugin: Path, monkeypatch) -> None:
    options = ("--plugin", str(plugin), "-m", "breaks-here")
    toy.run(*options)
    (path,) = toy.out.rglob(RECORD_FILE)
    record = read_record(path)
    loaded = {
        "failure.preparing",
        "harness.results",
        "encoder.weights",
        "encoder.preprocess",
        "encoder.code",
        "data.missing",
    }
    kept = {name: value for name, value in record.ingredients.items() if name not in loaded}
    write_record(record.model_copy(update={"ingredients": kept}), path.parent)

    def prepared(*arguments: object) -> dict[str, str]:
        raise AssertionError("it would end this process, too")

    monkeypatch.setattr(failures, "ingredients", prepared)
    monkeypatch.setattr(state, "ingredients", prepared)
    assert toy.plan(*options)[1].startswith("failed")
