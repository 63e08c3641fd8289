"""What `data verify` finds wrong with annotations makes a run partial: in record, table, JSON and on the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from cir_bench.cli.app import main
from cir_bench.leaderboards.build import build
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

CATEGORIES = ("dress", "shirt", "toptee")
N = 4
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tiny FashionIQ: four queries and eight images in each category and split."""
    root = tmp_path / "data" / "fashioniq"
    for folder in ("captions", "image_splits", "images"):
        (root / folder).mkdir(parents=True)
    for category in CATEGORIES:
        for split in ("train", "val"):
            images = [f"{category}{split}{i}" for i in range(2 * N)]
            records = [
                {"candidate": images[i], "target": images[i + N], "captions": [f"is {i}", "is red"]} for i in range(N)
            ]
            (root / "captions" / f"cap.{category}.{split}.json").write_text(json.dumps(records))
            (root / "image_splits" / f"split.{category}.{split}.json").write_text(json.dumps(images))
            for i, image in enumerate(images):
                Image.new("RGB", (48, 48), (30 * i, 0, 99)).save(root / "images" / f"{image}.png")
    return root


@pytest.fixture
def benchmark(root: Path) -> Path:
    """FashionIQ's protocol with the counts of the tiny set."""
    path = root.parent / "mini.yaml"
    same = dict.fromkeys(CATEGORIES, N)
    protocol = {
        "split": "val",
        "reference": "kept",
        "metrics": ["R@10"],
        "headline": {"name": "mean/R@10", "mean_of": ["mean/R@10"]},
        "expected": {"n_train": 12, "captions": 2, "n_queries": same, "n_gallery": dict.fromkeys(CATEGORIES, 2 * N)},
    }
    content = {"name": "mini", "dataset": "fashioniq", "default_encoder": "tiny", "protocols": {"original@1": protocol}}
    path.write_text(yaml.safe_dump(content))
    hook = "def cir_bench_benchmarks():\n    return [Path(__file__).parent / 'mini.yaml']"
    code = f"from pathlib import Path\nfrom cir_bench import hookimpl\n\nCIR_BENCH_API = 1\n\n@hookimpl\n{hook}\n"
    path.with_suffix(".py").write_text(code)
    return path


@pytest.fixture
def call(root: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    def run(verb: str, *options: str) -> tuple[int, str]:
        shared = ["--data-root", str(root.parent), "--plugin", str(root.parent / "mini.py")]
        code = main([*verb.split(), *options, *shared])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def run_one(call: Call, benchmark: Path, *options: str, method: str = "sum") -> tuple[RunRecord, str]:
    out = benchmark.parent / "runs"
    where = ["--out", str(out), "--cache-dir", str(benchmark.parent / "cache"), "--device", "cpu"]
    code, said = call("run", "-m", method, "-b", "mini", *where, *options)
    assert code == 0, said
    (record,) = (one for one in read_records(out)[0].values() if one.cell.method == method)
    assert record.dataset is not None
    return record, said


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def test_what_is_as_expected_is_not_partial(call: Call, benchmark: Path) -> None:
    record, said = run_one(call, benchmark)
    assert not record.partial and record.warnings == () and "partial" not in said


@pytest.mark.parametrize(
    ("file", "change", "problems"),
    [
        (
            "image_splits/split.dress.val.json",
            lambda images: [image for image in images if image != "dressval4"],
            ["dress: 7 gallery images, 8 expected", "dress: 1 queries have a target outside the gallery: dress-0"],
        ),
        ("captions/cap.shirt.val.json", lambda records: records[1:], ["shirt: 3 queries, 4 expected"]),
        (
            "captions/cap.shirt.val.json",
            lambda records: [*records[:3], records[0]],
            ["shirt: 1 queries repeat the reference, text and targets of another: shirt-3"],
        ),
        (
            "captions/cap.toptee.val.json",
            lambda records: [records[0] | {"captions": ["is 0"]}, *records[1:]],
            ["1 queries do not have 2 captions: toptee-0"],
        ),
        (
            "captions/cap.toptee.val.json",
            lambda records: [records[0] | {"captions": ["a", "b", "c"]}, *records[1:]],
            ["1 queries do not have 2 captions: toptee-0"],
        ),
    ],
)
def test_what_verify_knows_run_knows(
    file: str, change: Callable[[Any], Any], problems: list[str], call: Call, benchmark: Path, root: Path
) -> None:
    edit(root / file, change)
    _, verified = call("data verify", "mini")
    record, said = run_one(call, benchmark)
    assert record.dataset is not None
    assert record.partial and "partial" in said
    for problem in problems:
        assert problem in verified
        assert any(one.startswith(problem) for one in record.dataset.problems)
        assert any(one.startswith(f"partial: {problem}") for one in record.warnings)
    table = (benchmark.parent / "runs" / "LEADERBOARD.md").read_text()
    assert "**Partial**: the annotations are not those that the protocol expects (" in table
    (section,) = build([record]).model_dump(mode="json")["sections"]
    assert section["problems"] == list(record.dataset.problems)
    assert "partial" in section["rows"][0]["remarks"]


def test_a_repaired_file_makes_the_cell_stale(call: Call, benchmark: Path, root: Path) -> None:
    path = root / "image_splits" / "split.dress.val.json"
    whole = path.read_text()
    edit(path, lambda images: images[:4] + images[5:])
    assert run_one(call, benchmark)[0].partial
    path.write_text(whole)
    assert not run_one(call, benchmark)[0].partial


def test_a_protocol_that_expects_more_than_before_makes_the_cell_stale(call: Call, benchmark: Path) -> None:
    assert not run_one(call, benchmark)[0].partial
    content = yaml.safe_load(benchmark.read_text())
    content["protocols"]["original@1"]["expected"]["n_queries"]["dress"] = 5
    benchmark.write_text(yaml.safe_dump(content))
    assert run_one(call, benchmark)[0].partial


def test_training_triplets_concern_the_cells_that_train(call: Call, benchmark: Path, root: Path) -> None:
    edit(root / "captions" / "cap.dress.train.json", lambda records: [records[0] | {"captions": ["a"]}, *records[1:3]])
    assert not run_one(call, benchmark)[0].partial
    settings = ["--set", "training.epochs=1", "--set", "selection.on=last"]
    record, _ = run_one(call, benchmark, *settings, method="concat")
    assert record.dataset is not None
    assert record.dataset.problems == (
        "11 training triplets, 12 expected.",
        "1 training triplets do not have 2 captions: dresstrain0 to dresstrain4.",
    )


def test_rankings_made_elsewhere_are_partial_too(call: Call, benchmark: Path, root: Path) -> None:
    edit(root / "image_splits" / "split.dress.val.json", lambda images: images[:4] + images[5:])
    lists = {}
    for category in CATEGORIES:
        images = json.loads((root / "image_splits" / f"split.{category}.val.json").read_text())
        lists |= {f"{category}-{i}": images for i in range(N)}
    predictions = root.parent / "lists.json"
    predictions.write_text(json.dumps(lists))
    code, said = call("score", "mini", str(predictions), "--json")
    found, _ = json.JSONDecoder().raw_decode(said)
    assert code == 0 and found["partial"]
    assert "dress: 1 queries have a target outside the gallery: dress-0." in found["problems"]
