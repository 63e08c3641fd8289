"""Records from elsewhere: believed when they agree with themselves and with the protocol that they name."""

import json
import re

import numpy as np
import pytest

from cir_bench.cli import main
from cir_bench.leaderboards import build, pack, render, schema_text
from cir_bench.records.load import load_records
from cir_bench.records.queries import QUERIES_FILE, save_queries
from cir_bench.records.record import RECORD_FILE, write_record

SCHEMA = "record.schema.json"


def read(folder):
    found, sentences = load_records([folder])
    return found, " ".join(sentences)


def test_a_record_of_a_known_protocol_whose_numbers_follow_from_its_queries_is_ranked(make, store, tmp_path):
    store(make(), tmp_path / "a")
    (found,), said = read(tmp_path)
    assert (found.doubt, said) == ("", "")
    assert "taken on trust" not in render(build([found]))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"protocol": {"hash": "b" * 64}}, "under a protocol of hash"),
        ({"protocol": {"hash": "b" * 64}, "ingredients": {"protocol.hash": "b" * 64}}, "names the protocol css/test@1"),
        ({"ingredients": {"protocol.hash": "b" * 64}}, "but claims"),
        ({"protocol": {"reference": "kept"}}, "reference is removed under css/test@1, but the record says kept"),
        ({"protocol": {"gallery": "union"}}, "gallery is split"),
    ],
    ids=["hash edited", "another protocol", "measured otherwise", "reference kept", "another gallery"],
)
def test_one_that_was_measured_otherwise_is_found_out(make, store, tmp_path, changes, why):
    store(make(**changes), tmp_path / "theirs")
    found, said = read(tmp_path)
    assert found == [] and "theirs/record.json is not what it claims to be" in said and why in said


def test_of_one_that_does_not_fit_the_schema_it_is_said_where(make, tmp_path):
    path = write_record(make(), tmp_path / "theirs")
    written = json.loads(path.read_text(encoding="utf-8"))
    del written["cell"]["method"]
    path.write_text(json.dumps(written | {"status": "perhaps", "schema_version": 9}), encoding="utf-8")
    found, said = read(tmp_path)
    assert found == [] and "theirs/record.json is not a readable run record" in said
    assert "cell.method: Field required" in said and "status: Input should be 'done' or 'failed'" in said
    assert "schema_version: Input should be 1" in said


def test_an_edited_number_is_found_out_by_its_queries(loaded, tmp_path):
    one = loaded("tirg", np.arange(40) < 10, 0)
    save_queries(one.queries, write_record(one.record, tmp_path / "a").parent)
    assert read(tmp_path)[1] == ""
    better = one.record.model_copy(update={"metrics": {"R@1": 26.0, "R@10": 100.0}})
    write_record(better, tmp_path / "a")
    found, said = read(tmp_path)
    assert found == [] and "it says R@1 is 26.0000, but its queries give 25.0000" in said


def test_a_record_with_damaged_queries_stays_without_an_interval_and_says_so(loaded, tmp_path):
    one = loaded("tirg", np.arange(40) < 10, 0)
    (write_record(one.record, tmp_path / "a").parent / QUERIES_FILE).write_bytes(b"no gzip")
    (found,), said = read(tmp_path)
    assert found.queries is None and "is kept, but its numbers are only claimed" in said


def test_a_foreign_plugin_and_a_foreign_data_set_are_named(make):
    theirs = {"plugin": {"distribution": "cir-bench-mine", "version": "0.3"}}
    text = render(build([make("tirg", method=theirs), make("sum", dataset={"plugin": {"distribution": "shop"}})]))
    assert r"- \* `tirg`: by cir-bench-mine 0.3" in text
    assert "The data set is by shop 0.1.0, no part of cir-bench." in render(build([make(dataset=theirs)])) or (
        "The data set is by cir-bench-mine 0.3" in render(build([make(dataset=theirs)]))
    )


def test_of_two_records_of_one_cell_the_newest_is_used_and_marked(make, store, tmp_path, capsys):
    store(make("tirg", 50.0, finished="2020-02-01T00:00:00Z"), tmp_path / "new")
    store(make("tirg", 10.0, finished="2020-01-01T00:00:00Z"), tmp_path / "old")
    store(make("tirg", 10.0, finished="2020-01-01T00:00:00Z"), tmp_path / "copy-of-old")
    out = tmp_path / "L.md"
    assert main(["leaderboard", "--records", str(tmp_path), "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert f"{tmp_path / 'new'} is used; it finished later than" in said and str(tmp_path / "old") in said
    assert "seed 0: the newest of 2 records" in out.read_text(encoding="utf-8")
    assert "| 50.00 [" in re.sub(" +", " ", out.read_text(encoding="utf-8"))
    assert "10.00" not in out.read_text(encoding="utf-8")


def test_packed_records_give_the_same_leaderboard(loaded, tmp_path):
    for seed in (0, 1):
        one = loaded("tirg", np.arange(40) < 10 + seed, seed)
        folder = write_record(one.record, tmp_path / "runs" / "cells" / f"seed-{seed}").parent
        save_queries(one.queries, folder)
        (folder / "checkpoints").mkdir()
    found, _ = read(tmp_path / "runs")
    pack(found, tmp_path / "packed")
    assert sorted(str(p.relative_to(tmp_path / "packed")) for p in (tmp_path / "packed").rglob("*.*")) == [
        f"cells/seed-{seed}/{name}" for seed in (0, 1) for name in (QUERIES_FILE, RECORD_FILE)
    ]
    assert render(build(read(tmp_path / "packed")[0])) == render(build(found))


def test_the_published_schema_is_the_model_s(checkout):
    path = checkout / "harness" / "cir_bench" / "leaderboards" / SCHEMA
    published = json.loads(path.read_text(encoding="utf-8"))
    assert published == json.loads(schema_text()), f"write it anew: cir-bench leaderboard --schema > {path}"


def test_the_verb_prints_it(capsys):
    assert main(["leaderboard", "--schema"]) == 0
    assert capsys.readouterr().out == schema_text()
