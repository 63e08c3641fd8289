"""``--artefact NAME=FILE``: texts made elsewhere take the place of the modification texts, and everything says so."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.toy_plugin import Toy as ToyData
from support.toy_plugin import ToyParams

from cir_bench.leaderboards import build, render
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.protocols.find import known_protocols
from cir_bench.records.load import load_records, read_records
from cir_bench.records.record import RunRecord

from .conftest import PLUGIN, Toy

DATASET = ToyData(ToyParams(), None)
QUERIES = DATASET.queries("test")


def described(**changes: Any) -> dict[str, Any]:
    """An artefact of the toy benchmark: each text is the modification text of the query."""
    return {
        "artefact": "target-text",
        "version": 1,
        "per": "query",
        "dataset": "toy",
        "split": "test",
        "model": "a-language-model",
        "prompt": "Describe the target.",
        "date": "2026-11-28",
        "licence": "CC0",
        "source": "written for a test",
        "texts": {query.id: query.captions[0] for query in QUERIES},
    } | changes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return save(tmp_path / "texts.json", described())


def save(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def given(file: Path) -> tuple[str, ...]:
    return "-m", "cirevl", "--artefact", f"target-text={file}"


def only(toy: Toy) -> RunRecord:
    (record,) = read_records(toy.out)[0].values()
    return record


def test_the_record_says_what_the_texts_are_and_where_they_are_from(toy: Toy, file: Path) -> None:
    code, said = toy.run(*given(file))
    assert code == 0, said
    record, digest = only(toy), hashlib.sha256(file.read_bytes()).hexdigest()
    assert record.artefact is not None
    expected = {key: value for key, value in described().items() if key in type(record.artefact).model_fields}
    own = {"name": "target-text", "file": "texts.json", "sha256": digest, "texts": len(QUERIES)}
    assert record.artefact.model_dump() == expected | own
    assert record.ingredients["artefact.target-text"] == digest
    assert record.cell.variant == f"target-text={digest[:12]}"
    assert record.history == ()


def test_the_texts_are_the_queries(toy: Toy, tmp_path: Path) -> None:
    """With the modification texts it is text-only; with others it is not, and queries keep their ids."""
    toy.run("-m", "text-only")
    toy.run(*given(save(tmp_path / "same.json", described())))
    other = {query.id: QUERIES[0].captions[0] for query in QUERIES}
    toy.run(*given(save(tmp_path / "other.json", described(texts=other))))
    found = {r.artefact.file if r.artefact else "": r for r in read_records(toy.out)[0].values()}
    assert found["same.json"].metrics == found[""].metrics
    assert found["same.json"].rankings == found[""].rankings
    assert found["other.json"].metrics != found[""].metrics


def test_a_text_per_image_is_that_of_the_reference(toy: Toy, tmp_path: Path) -> None:
    first = {query.reference: query.captions[0] for query in QUERIES}
    extra = {"nobody's reference": "a 0"}
    toy.run(*given(save(tmp_path / "images.json", described(per="image", texts=first | extra))))
    by_query = {query.id: first[query.reference] for query in QUERIES}
    toy.run(*given(save(tmp_path / "queries.json", described(texts=by_query))))
    one, other = read_records(toy.out)[0].values()
    assert one.rankings == other.rankings


def test_cells_of_one_run_with_and_without_it_share_nothing_that_differs(toy: Toy, tmp_path: Path) -> None:
    texts = {query.id: QUERIES[0].captions[0] for query in QUERIES}
    toy.run("-m", "text-only", *given(save(tmp_path / "other.json", described(texts=texts))))
    found = {record.cell.method: record for record in read_records(toy.out)[0].values()}
    assert found["text-only"].metrics != found["cirevl"].metrics
    assert found["text-only"].artefact is None
    assert not [name for name in found["text-only"].ingredients if name.startswith("artefact")]


def test_another_file_is_another_cell(toy: Toy, file: Path, tmp_path: Path) -> None:
    toy.run(*given(file))
    copy = save(tmp_path / "copy.json", described())
    assert "1 done before" in toy.run(*given(copy))[1]
    assert toy.plan(*given(file))[1].startswith("done ")
    save(file, described(model="another"))
    planned = toy.plan(*given(file))[1]
    assert planned.startswith("to do ")
    assert f"cirevl [target-text={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}]" in planned


def test_without_it_the_cell_is_refused_and_with_all_methods_left_out(toy: Toy) -> None:
    code, said = toy.plan("-m", "cirevl")
    assert code == 1
    assert "cirevl needs the artefact target-text for toy (test)" in said
    assert "--artefact target-text=FILE" in said
    said = toy.plan("--all")[1]
    assert "cirevl is left out: it needs --artefact target-text=FILE." in said
    assert "cirevl on" not in said


def test_it_is_chosen_by_data_set_and_split(toy: Toy, tmp_path: Path, file: Path) -> None:
    other = save(tmp_path / "css.json", described(dataset="css"))
    code, said = toy.plan("-m", "cirevl", "--artefact", f"target-text={other}")
    assert code == 2
    assert (
        "this run reads target-text of toy (test), not of css (test); correct dataset and split in the file, or" in said
    )
    code, said = toy.plan(*given(file), "-b", "css", "-e", "toy", "--artefact", f"target-text={other}")
    assert said.count("cirevl [target-text=") == 2


def test_plan_does_not_refuse_a_cell_whose_queries_it_cannot_read(toy: Toy, file: Path, tmp_path: Path) -> None:
    """Whether the ids fit is not known; what is missing is a problem of its own."""
    other = save(tmp_path / "fashioniq.json", described(dataset="fashioniq", split="val"))
    words = (*given(file), "--artefact", f"target-text={other}", "-b", "fashioniq/original", "-e", "captions")
    for root, problem in (((), "name the folder that holds it"), (("--data-root", str(tmp_path)), "fashioniq")):
        said = toy.plan(*words, *root)[1]
        assert said.count("to do ") == 2 and "refused" not in said, said
        assert re.search(f"problem .*{problem}", said), said


def test_an_encoder_that_would_be_trained_is_refused(toy: Toy, file: Path) -> None:
    code, said = toy.plan(*given(file), "-e", "toy-live")
    assert code == 1
    assert "encoder 'toy-live' would be trained, and the artefact target-text has no texts for training" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("-m", "text-only", "--artefact", "target-text=FILE"),
            "no method of this run reads target-text of toy (test)",
        ),
        (("-m", "cirevl", "--artefact", "FILE"), "write NAME=FILE, for example target-text=texts.json."),
        (("-m", "cirevl", "--artefact", "caption=FILE"), "this file is the artefact 'target-text', not 'caption'."),
        (
            ("-m", "cirevl", "--artefact", "target-text=gone.json"),
            "gone.json cannot be read (No such file or directory)",
        ),
    ],
)
def test_mistakes_of_the_option(toy: Toy, file: Path, options: tuple[str, ...], expected: str) -> None:
    code, said = toy.run(*(option.replace("FILE", str(file)) for option in options))
    assert code == 2
    assert expected in said
    assert "Traceback" not in said


def test_two_files_for_the_same_queries_are_refused(toy: Toy, file: Path, tmp_path: Path) -> None:
    copy = save(tmp_path / "copy.json", described())
    code, said = toy.run(*given(file), "--artefact", f"target-text={copy}")
    assert code == 2
    assert "is for the same data set and split; keep one of them." in said


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({query.id: "a 0" for query in QUERIES[2:]}, f"has no text for 2 of {len(QUERIES)} queries (toy-0, toy-1)"),
        ({query.id: "a 0" for query in QUERIES} | {"x": "a 0"}, "has texts for 1 ids that are no queries (x)"),
    ],
)
def test_texts_for_the_wrong_queries_fail_the_cell_and_no_other(
    toy: Toy, tmp_path: Path, texts: dict[str, str], expected: str
) -> None:
    file = save(tmp_path / "texts.json", described(texts=texts))
    code, said = toy.plan("-m", "text-only", *given(file))
    assert code == 1
    assert said.startswith("to do ") and "\nrefused " in said and expected in " ".join(said.split())
    code, said = toy.run("-m", "text-only", *given(file))
    assert code == 1
    assert "1 run, 0 done before, 1 failed: cirevl" in said
    assert expected in said


def test_the_row_says_what_made_the_texts(toy: Toy, file: Path) -> None:
    toy.run(*given(file))
    registry = load_plugins(PluginOptions(files=(PLUGIN,)), environ={})
    records, problems = load_records([toy.out], known_protocols(registry.benchmark_paths()))
    assert not problems
    table = render(build(records))
    named = f"`cirevl` (`target-text={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}`)"
    assert f"| {named} " in table
    assert any("target-text by a-language-model, 2026-11-28" in line and named in line for line in table.splitlines())


@pytest.mark.parametrize(
    "forge",
    [
        lambda record: record.model_copy(update={"artefact": None}),
        lambda record: record.model_copy(update={"ingredients": {}}),
        lambda record: record.model_copy(update={"cell": record.cell.model_copy(update={"variant": ""})}),
    ],
)
def test_a_record_that_belies_its_artefact_is_left_out(toy: Toy, file: Path, forge: Any) -> None:
    from cir_bench.records.check import mistake

    toy.run(*given(file))
    record = only(toy)
    assert mistake(record, None, None) == ""
    assert "artefact" in mistake(forge(record), None, None)
