"""Records from folders, and the verb."""

import json
import os

import pytest

from cir_bench.cli import main
from cir_bench.errors import ConfigError
from cir_bench.leaderboards import build, render, write_text
from cir_bench.records.load import load_records
from cir_bench.records.record import read_record, write_record


@pytest.fixture
def runs(make, store, tmp_path, monkeypatch):
    """The folder ``runs`` with two cells, and the working directory above it."""
    for name in ("tirg", "sum"):
        store(make(name), tmp_path / "runs" / "cells" / name / "seed-0")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def damage(runs):
    (runs / "cells" / "sum" / "seed-0" / "record.json").write_text('{"status": "do', encoding="utf-8")


def test_records_are_found_at_any_depth(runs, make):
    found, damaged = load_records([runs])
    assert ([one.record for one in found], damaged) == ([make("sum"), make("tirg")], [])
    assert [one.folder for one in found] == [runs / "cells" / name / "seed-0" for name in ("sum", "tirg")]


def test_a_damaged_record_is_left_out_and_named(runs):
    damage(runs)
    found, damaged = load_records([runs])
    assert [one.record.cell.method for one in found] == ["tirg"]
    assert len(damaged) == 1
    assert "sum/seed-0/record.json is not a readable run record" in damaged[0]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"no folder .*nowhere"):
        load_records([tmp_path / "nowhere"])


def test_written_twice_the_file_is_the_same_and_nothing_else_is_left(runs, tmp_path):
    records, _ = load_records([runs])
    path = write_text(render(build(records)), tmp_path / "new" / "LEADERBOARD.md")
    first = path.read_bytes()
    write_text(render(build(reversed(records))), path)
    assert path.read_bytes() == first
    assert [one.name for one in path.parent.iterdir()] == ["LEADERBOARD.md"]


def test_the_verb_reads_runs_and_writes_into_it(runs, capsys):
    assert main(["leaderboard"]) == 0
    assert capsys.readouterr().out == "runs/LEADERBOARD.md\n"
    assert (runs / "LEADERBOARD.md").read_text(encoding="utf-8") == render(build(load_records([runs])[0]))


def test_the_verb_takes_several_folders_and_another_file(runs, make, store, tmp_path):
    store(make("combiner"), tmp_path / "more" / "x")
    assert main(["leaderboard", "--records", "runs", "--records", "more", "--out", "docs/L.md"]) == 0
    text = (tmp_path / "docs" / "L.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in ("tirg", "sum", "combiner"))


@pytest.mark.parametrize(("to", "name"), [("markdown", "LEADERBOARD.md"), ("latex", "LEADERBOARD.tex")])
def test_what_is_read_elsewhere_is_written_there(runs, tmp_path, capsys, to, name):
    """And not into a folder of other records that has the default name."""
    elsewhere = tmp_path / "theirs"
    runs.rename(elsewhere)
    runs.mkdir()
    assert main(["leaderboard", "--records", str(elsewhere), "--to", to]) == 0
    assert capsys.readouterr().out == f"{elsewhere / name}\n"
    assert (elsewhere / name).exists() and list(runs.iterdir()) == []


def test_of_several_folders_none_is_chosen_to_write_into(runs, capsys):
    (runs / "more").mkdir()
    assert main(["leaderboard", "--records", "runs", "--records", "runs/more"]) == 2
    assert "there are several --records; name the place of LEADERBOARD.md with --out" in capsys.readouterr().err
    assert not (runs / "LEADERBOARD.md").exists()


def test_a_hyphen_prints_the_table(runs, tmp_path, capsys):
    before = sorted(tmp_path.rglob("*"))
    assert main(["leaderboard", "--out", "-"]) == 0
    assert capsys.readouterr().out == render(build(load_records([runs])[0]))
    assert main(["leaderboard", "--out", "-", "--json"]) == 2
    assert main(["leaderboard", "--out", "-", "--pack", "-"]) == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_json_on_stdout_writes_no_file(runs, capsys):
    assert main(["leaderboard", "--json"]) == 0
    (section,) = json.loads(capsys.readouterr().out)["sections"]
    assert [row["method"] for row in section["rows"]] == ["sum", "tirg"]
    found = section["rows"][0]["metrics"]["R@1"]
    assert found["mean"] == 40.0 and found["sd"] is None and found["interval"]["low"] < 40.0
    assert not (runs / "LEADERBOARD.md").exists()


def test_a_damaged_record_gives_exit_1_after_the_rest_is_written(runs, capsys):
    damage(runs)
    assert main(["leaderboard"]) == 1
    assert "warning: " in capsys.readouterr().err
    assert main(["leaderboard", "--json"]) == 1
    (sentence,) = json.loads(capsys.readouterr().out)["left_out"]
    assert "sum/seed-0/record.json is not a readable run record" in sentence
    assert "`tirg`" in (runs / "LEADERBOARD.md").read_text(encoding="utf-8")


def test_check_is_silent_on_times_and_says_where_it_is_stale(runs, make, store, capsys):
    main(["leaderboard", "--out", "committed.md"])
    store(make("tirg", 41.0, cost={"train_seconds": 5.0}), runs / "cells" / "tirg" / "seed-0")
    assert main(["leaderboard", "--check", "committed.md"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert main(["leaderboard", "--check", "committed.md", "--tolerance", "0.5"]) == 1
    assert "`tirg`: R@1 [95 % interval] is 41.00 [" in capsys.readouterr().out
    assert not (runs / "LEADERBOARD.md").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--records", "nowhere"], "no folder nowhere"),
        (["--records", "empty"], "no run records below empty"),
        (["--check", "nowhere.md"], "nowhere.md cannot be read"),
        (["--check", "x.md", "--json"], "--check only compares"),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence_and_exit_2(runs, tmp_path, capsys, words, sentence):
    (tmp_path / "empty").mkdir()
    assert main(["leaderboard", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_an_infinite_median_rank_survives_the_record(make, tmp_path):
    record = make(metrics={"median_rank": float("inf")}, headline="median_rank")
    write_record(record, tmp_path)
    assert read_record(tmp_path / "record.json") == record
    assert " inf |" in render(build([record]))


def test_a_pipe_is_written_to_not_replaced(runs, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    records = load_records([runs])[0]
    write_text(render(build(records)), pipe)
    assert os.read(reader, 1 << 16).decode() == render(build(records))
    os.close(reader)
    assert pipe.is_fifo()


def test_a_leaderboard_that_cannot_be_written_leaves_nothing_behind(runs, tmp_path):
    records = load_records([runs])[0]
    target = tmp_path / "place.md"
    target.mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(render(build(records)), target)
    assert list(tmp_path.rglob("*.tmp*")) == []


def test_a_folder_as_out_is_told_apart_from_the_folder_to_read(runs, tmp_path, capsys):
    assert main(["leaderboard", "--out", "elsewhere"]) == 2
    assert "elsewhere/LEADERBOARD.md; the folder to read is --records" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()
    assert main(["leaderboard", "--out", str(runs)]) == 2
    assert f"--out {runs} is the file to write, such as {runs}/LEADERBOARD.md" in capsys.readouterr().err
