"""Files of a cell that are damaged, cannot be written, or stay behind after a kill: noticed, told, and overcome."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from cir_bench import atomic
from cir_bench.atomic import move_into_place
from cir_bench.records.record import RunRecord
from cir_bench.runs import execute, schedule
from cir_bench.training.checkpoints import Checkpoints, kept_weights

from .conftest import Toy

OPTIONS = ("-m", "tirg")


def cell(toy: Toy) -> Path:
    return toy.out / "cells/toy/test@1/controlled/toy/tirg/seed-0"


def flip(path: Path, place: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def numbers(record: RunRecord) -> tuple[object, ...]:
    return record.metrics, record.selection, [(one.terms, one.selection) for one in record.history]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    from cir_bench.cli.app import main

    folder = tmp_path_factory.mktemp("uninterrupted")
    whole = Toy(folder / "runs", folder / "cache", None)
    assert main(whole.argv("run", *OPTIONS)) == 0
    (record,) = whole.records().values()
    return record


@pytest.fixture
def interrupted(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """After two of six epochs."""
    save = Checkpoints.save

    def stop_after_two(self: Checkpoints, state: dict[str, object]) -> None:
        save(self, state)
        if state["epoch"] == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", stop_after_two)
        assert toy.run(*OPTIONS)[0] == 130
    return toy


@pytest.mark.parametrize("name", ["last.pt", "weights-2.safetensors"])
def test_a_damaged_checkpoint_is_dropped_with_a_warning_in_the_record(interrupted, uninterrupted, name: str) -> None:
    flip(cell(interrupted) / "checkpoints" / name)
    assert interrupted.run(*OPTIONS)[0] == 0
    (record,) = interrupted.records().values()
    assert numbers(record) == numbers(uninterrupted)
    assert any(name in warning and "damaged" in warning for warning in record.warnings)


def test_what_a_kill_before_the_cleanup_left_is_cleaned_up(toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older weights stay after the last epoch, and the state of the training after the record is written."""
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "keep_only", lambda self, number: None)
        patch.setattr(execute, "ranking_digests", _interrupt)
        assert toy.run(*OPTIONS)[0] == 130
    assert len(list((cell(toy) / "checkpoints").iterdir())) > 2
    with monkeypatch.context() as patch:
        patch.setattr(execute, "tidy", lambda folder: None)
        toy.run(*OPTIONS)
    assert len(list((cell(toy) / "checkpoints").iterdir())) == 2
    assert "1 done before" in toy.run(*OPTIONS)[1]
    assert kept_weights(cell(toy) / "checkpoints") is not None and len(list((cell(toy) / "checkpoints").iterdir())) == 1


def test_a_cell_that_is_killed_while_it_is_evaluated_is_not_trained_again(
    toy, uninterrupted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(execute, "save_part", _interrupt)
        toy.run(*OPTIONS)
    assert toy.plan(*OPTIONS)[1].startswith("interrupted")
    monkeypatch.setattr("cir_bench.training.epoch.StageRun.train", _interrupt)
    toy.run(*OPTIONS)
    (record,) = toy.records().values()
    assert numbers(record) == numbers(uninterrupted)


@pytest.mark.parametrize("name", ["rankings/all.jsonl.gz", "queries.json.gz", "record.json"])
def test_a_finished_cell_with_a_damaged_file_is_run_again(toy, name: str) -> None:
    toy.run("-m", "sum")
    folder = toy.out / "cells/toy/test@1/controlled/toy/sum/seed-0"
    before = (folder / name).read_bytes()
    flip(folder / name, len(before) // 2)
    _, planned = toy.plan("-m", "sum")
    assert planned.startswith(("stale", "to do")) and name in planned
    assert "1 run, 0 done before" in toy.run("-m", "sum")[1]
    if name != "record.json":
        assert (folder / name).read_bytes() == before


def test_rankings_of_another_run_are_not_taken_for_the_record_s(toy) -> None:
    from cir_bench.errors import DataError
    from cir_bench.records.rankings import load_ranking

    toy.run("-m", "sum", "-m", "text-only")
    sum_, text = (toy.out / f"cells/toy/test@1/controlled/toy/{name}/seed-0" for name in ("sum", "text-only"))
    other = text / "rankings/all.jsonl.gz"
    record = toy.records()["sum/0"]
    load_ranking(sum_ / "rankings/all.jsonl.gz", record.rankings["all.jsonl.gz"])
    with pytest.raises(DataError, match="not the file that the cell's record was written with"):
        load_ranking(other, record.rankings["all.jsonl.gz"])


def test_a_record_whose_time_was_edited_is_refused(toy) -> None:
    toy.run("-m", "sum")
    (path,) = toy.out.rglob("record.json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record, indent=4, sort_keys=True))
    assert toy.records()
    record["cost"]["query_milliseconds"] = 0.001
    path.write_text(json.dumps(record))
    assert not toy.records()
    assert "changed or damaged after it was written" in toy.plan("-m", "sum")[1]


FILES = [
    "record.json",
    "queries.json.gz",
    "rankings/all.jsonl.gz",
    "rankings",
    "checkpoints",
    "checkpoints/last.pt",
    "checkpoints/weights-1.safetensors",
]


@pytest.mark.parametrize("name", FILES)
def test_the_wrong_kind_of_entry_in_the_place_of_a_file_or_folder_is_told(toy, name: str) -> None:
    path = cell(toy) / name
    if "." in name:
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(parents=True)
        path.write_text("a file")
    code, said = toy.run(*OPTIONS, "-m", "sum")
    assert code == 1 and "1 run" in said and "1 failed" in said, said
    assert str(path) in said and ("Is a directory" in said or "Not a directory" in said)
    assert "remove what has its name" in said or "delete it" in said
    assert "Traceback" not in said and "bug" not in said
    path.rmdir() if path.is_dir() else path.unlink()
    assert toy.run(*OPTIONS, "-m", "sum")[0] == 0


@pytest.mark.parametrize("name", FILES[:3] + FILES[5:])
def test_a_full_disk_is_told_with_the_file_and_the_next_run_goes_on(
    toy, uninterrupted, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    full_for = Path(name).name

    def full(source: Path, path: Path) -> None:
        if path.name == full_for:
            raise OSError(errno.ENOSPC, "No space left on device")
        move_into_place(source, path)

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "move_into_place", full)
        code, said = toy.run(*OPTIONS)
    assert code == 1 and str(cell(toy) / name) in said
    assert "No space left on device" in said and "free some space" in said
    assert "Traceback" not in said and not list(toy.out.rglob("*.tmp"))
    assert toy.run(*OPTIONS)[0] == 0, "without --retry-failed"
    (record,) = toy.records().values()
    assert numbers(record) == numbers(uninterrupted)


def test_complaints_that_cannot_be_noted_end_nothing(toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(schedule.Announcer, "take_complaints", lambda self: ["it did not listen"])
    monkeypatch.setattr(schedule, "write_record", full)
    assert toy.run("-m", "sum")[0] == 0 and toy.records()


def _interrupt(*args: object, **options: object) -> None:
    raise KeyboardInterrupt
