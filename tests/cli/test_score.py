"""``cir-bench score``: rankings made elsewhere, by the same protocol code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PARTS = ("dress", "shirt", "toptee")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data root with FashionIQ annotations: 2 queries and 60 gallery images per category, no image file."""
    root = tmp_path / "data" / "fashioniq"
    for folder in ("captions", "image_splits"):
        (root / folder).mkdir(parents=True)
    for part in PARTS:
        records = [
            {"candidate": f"{part}{i}", "target": f"{part}{i + 10}", "captions": ["is red", "is long"]}
            for i in range(2)
        ]
        (root / "captions" / f"cap.{part}.val.json").write_text(json.dumps(records))
        (root / "image_splits" / f"split.{part}.val.json").write_text(json.dumps([f"{part}{i}" for i in range(60)]))
    return tmp_path / "data"


def ranked(part: str, target: int, place: int) -> list[str]:
    """50 images of a category with the target at ``place`` (from 1)."""
    others = [i for i in range(60) if i != target]
    return [f"{part}{i}" for i in [*others[: place - 1], target, *others[place - 1 :]]][:50]


def lists() -> dict[str, list[str]]:
    """In every category query 0 has its target at place 5, query 1 at place 21."""
    return {f"{part}-{i}": ranked(part, i + 10, place) for part in PARTS for i, place in ((0, 5), (1, 21))}


@pytest.fixture
def score(run: Run, data: Path, tmp_path: Path) -> Callable[..., Any]:
    """Scores these predictions."""

    def call(predictions: Any, *options: str, benchmark: str = "fashioniq/original") -> Any:
        file = tmp_path / "predictions.json"
        file.write_text(predictions if isinstance(predictions, str) else json.dumps(predictions))
        return run("score", benchmark, file, "--data-root", data, *options)

    return call


def test_json_has_protocol_counts_and_metrics_in_percent(score: Run) -> None:
    done = score(lists(), "--json")
    assert done.code == 0
    facts = json.loads(done.out)
    assert facts["protocol"] == "fashioniq/original@1"
    assert len(facts["protocol_hash"]) == 64
    assert (facts["n_queries"], facts["n_gallery"], facts["partial"]) == (6, 180, True)
    assert facts["problems"][0] == "dress: 2 queries, 2017 expected."
    assert facts["parts"]["dress"] == {"n_queries": 2, "n_gallery": 60}
    assert facts["metrics"]["dress/R@10"] == 50
    assert facts["metrics"]["mean/R@50"] == 100
    assert (facts["headline"], facts["metrics"]["Rmean"]) == ("Rmean", 75)


def test_lines_name_protocol_reference_policy_and_sizes(score: Run) -> None:
    done = score(lists())
    assert done.out.splitlines()[:2] == [
        "fashioniq/original@1, PARTIAL, reference kept",
        "dress: 2 queries, 60 gallery images",
    ]
    assert "  mean/R@10    50.00" in done.out.splitlines()


def test_the_reference_is_dropped_by_id_where_the_protocol_removes_it(score: Run) -> None:
    predictions = {
        f"{part}-{i}": [f"{part}{image}" for image in (i, i + 10, 1 - i, 11 - i)] for part in PARTS for i in range(2)
    }
    removed = json.loads(score(predictions, "--json", benchmark="fashioniq/val-union").out)
    assert (removed["reference"], removed["n_gallery"]) == ("removed", 12)
    assert removed["metrics"]["mean/R@10"] == 100
    assert "6 queries list an image that the protocol excludes" in removed["notes"][0]


def test_what_does_not_fit_is_refused_and_each_fault_is_told(score: Run) -> None:
    predictions = lists()
    del predictions["dress-0"]
    predictions["dress-7"] = ["dress0"]
    predictions["shirt-0"] += ["shirt0", "nobody"]
    done = score(predictions)
    assert done.code == 2
    for sentence in (
        "1 of 6 queries have no prediction: dress-0.",
        "1 predicted queries are not in the benchmark: dress-7.",
        "1 queries list images that are not in the gallery: nobody (query shirt-0).",
        "1 queries list an image more than once: shirt0 (query shirt-0).",
    ):
        assert sentence in done.err
    assert done.out == ""


def test_partial_predictions_are_scored_when_allowed_and_marked(score: Run) -> None:
    predictions = lists()
    del predictions["dress-0"]
    facts = json.loads(score(predictions, "--json", "--allow-partial").out)
    assert facts["partial"] is True
    assert (facts["metrics"]["dress/R@50"], facts["n_queries"]) == (50, 6)
    assert facts["faults"] == ["1 of 6 queries have no prediction: dress-0."]
    done = score(predictions, "--allow-partial")
    assert done.out.startswith("fashioniq/original@1, PARTIAL, reference kept")
    assert "1 of 6 queries have no prediction: dress-0." in done.err


def test_lists_that_end_early_are_refused_and_when_allowed_the_result_is_partial(score: Run) -> None:
    predictions = lists() | {"dress-0": ["dress10"], "shirt-1": []}
    said = "2 queries list fewer candidates than the metrics look at: "
    said += "dress-0 lists 1, 50 are needed; shirt-1 lists 0, 50 are needed."
    done = score(predictions)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    facts = json.loads(score(predictions, "--json", "--allow-partial").out)
    assert (facts["partial"], facts["faults"]) == (True, [said])


@pytest.mark.parametrize("content", ["[", "[]", '{"dress-0": "x"}', '{"dress-0": [], "dress-0": []}'])
def test_a_file_that_holds_no_predictions_is_one_sentence(content: str, score: Run) -> None:
    done = score(content)
    assert done.code == 2
    assert done.err.startswith("cir-bench: The prediction")
    assert "Traceback" not in done.err


def test_an_unknown_protocol_is_refused_with_the_nearest(score: Run) -> None:
    done = score(lists(), benchmark="fashioniq/orginal")
    assert "has no protocol 'orginal'; did you mean 'original@1'?" in done.err


def test_tags_break_the_metrics_down(run: Run, tmp_path: Path) -> None:
    gallery = [{"image": image, "split": "val", "file": f"{image}.png"} for image in "abc"]
    triplets = [
        {"query_id": "p", "split": "val", "reference": "a", "text": "x", "targets": ["b"], "tags": ["hair"]},
        {"query_id": "q", "split": "val", "reference": "b", "text": "x", "targets": ["c"], "tags": ["hair", "skin"]},
    ]
    for name, lines in (("gallery", gallery), ("triplets", triplets)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "p.json").write_text('{"p": ["b", "c"], "q": ["a", "c"]}')
    facts = json.loads(run("score", f"folder:{tmp_path}", tmp_path / "p.json", "--json").out)
    assert re.fullmatch(rf"folder:{tmp_path.name}-[0-9a-f]{{6}}/default@1", facts["protocol"])
    assert facts["metrics"]["R@1"] == 50
    assert {tag: (values["n"], values["R@1"]) for tag, values in facts["tags"].items()} == {
        "hair": (2, 50),
        "skin": (1, 0),
    }


def test_scoring_imports_no_torch(data: Path, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(lists()))
    program = (
        "import sys; from cir_bench.cli.app import main; "
        f"code = main(['score', 'fashioniq', {str(tmp_path / 'p.json')!r}, '--data-root', {str(data)!r}]); "
        "sys.exit(code or ('torch' in sys.modules and 'torch was imported'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("torch was imported")) == (0, 0), done.stderr


def test_the_two_files_of_cirrs_server_are_scored_together(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "data" / "cirr"
    for folder in ("captions", "image_splits"):
        (root / folder).mkdir(parents=True)
    names = [f"dev-{i}" for i in range(60)]
    record = {
        "pairid": 9,
        "reference": "dev-0",
        "target_hard": "dev-1",
        "target_soft": {"dev-1": 1.0},
        "caption": "two dogs",
        "img_set": {"id": 1, "members": names[:6], "reference_rank": 0, "target_rank": 1},
    }
    (root / "captions" / "cap.rc2.val.json").write_text(json.dumps([record]))
    (root / "image_splits" / "split.rc2.val.json").write_text(json.dumps({name: f"dev/{name}.png" for name in names}))
    head = {"version": "rc2"}
    whole, few = tmp_path / "recall.json", tmp_path / "recall_subset.json"
    whole.write_text(json.dumps(head | {"metric": "recall", "9": names[-50:]}))  # of its members it lists none
    few.write_text(json.dumps(head | {"metric": "recall_subset", "9": ["dev-4", "dev-1", "dev-2"]}))
    done = run("score", "cirr/val", whole, few, "--data-root", tmp_path / "data", "--json")
    assert done.code == 0, done.err
    metrics = json.loads(done.out)["metrics"]
    assert (metrics["R@50"], metrics["R_subset@1"], metrics["R_subset@2"], metrics["Rmean"]) == (0, 0, 100, 0)
    alone = run("score", "cirr/val", whole, "--data-root", tmp_path / "data")
    assert (
        "1 queries list fewer of their own few candidates than the metrics look at: 9 lists 0, 3 are needed"
        in alone.err
    )
