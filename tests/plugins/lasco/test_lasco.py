"""LaSCo: a tiny data set in its layout, and seeded rankings of made-up queries over the real corpus."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.parquet_copy import assert_comes_back

from cir_bench import Context, DataError, NoParams, Query, Triplet, evaluate
from cir_bench.testing import DatasetContract
from cir_bench_lasco.dataset import LaSCo

NUMBERS = (42, 73, 74)


def record(qid: int, reference: int, target: int) -> dict[str, Any]:
    images = {name: [one, f"val2014/COCO_val2014_{one:012d}.jpg"] for name, one in (("q", reference), ("t", target))}
    return {"qid": qid, "query-image": images["q"], "query-text": "on a beach", "target-image": images["t"]}


def write(root: Path, split: str) -> None:
    corpus = [{"id": one, "path": f"{split}/{split}2014/COCO_{split}2014_{one:012d}.jpg"} for one in NUMBERS]
    (root / f"lasco_{split}_corpus.json").write_text(json.dumps(corpus))
    (root / f"lasco_{split}.json").write_text(json.dumps([record(7, 42, 73), record(5, 73, 74)]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data" / "lasco"
    (root / "val2014").mkdir(parents=True)
    for split in ("val", "train"):
        write(root, split)
    for place, number in enumerate(NUMBERS):
        Image.new("RGB", (4, 4), (60 * place, 0, 0)).save(root / "val2014" / f"COCO_val2014_{number:012d}.jpg")
    return root


@pytest.fixture
def lasco(root: Path) -> Callable[[], LaSCo]:
    return lambda: LaSCo(NoParams(), Context(data_root=root.parent, cache_dir=root.parent / "cache"))


class TestContract(DatasetContract):
    name = "lasco"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path) -> None:
        self.data_root = root.parent


def test_images_are_joined_by_number_whatever_their_paths_begin_with(lasco: Callable[[], LaSCo]) -> None:
    opened = lasco()
    assert opened.queries("val")[0] == Query("7", "42", ("on a beach",), ("73",))
    assert opened.train()[1] == Triplet("73", ("on a beach",), "74")
    assert opened.gallery("val") == ["42", "73", "74"]
    assert opened.has("73") and not opened.has("99") and not opened.has("../73")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"qid": "x"}, "record 0: 'qid' must be a whole number"),
        ({"query-text": None}, "record 0: 'query-text' must be a string"),
        ({"query-image": 3}, "record 0: an image must be a number of COCO and a path"),
        ({"target-image": [True, "a.jpg"]}, "record 0: an image must be a number of COCO and a path"),
        ({"qid": 5}, "has the qid 5 more than once"),
    ],
    ids=str,
)
def test_a_damaged_record_is_named(
    change: dict[str, Any], sentence: str, lasco: Callable[[], LaSCo], root: Path
) -> None:
    records = json.loads((root / "lasco_val.json").read_text())
    (root / "lasco_val.json").write_text(json.dumps([records[0] | change, *records[1:]]))
    with pytest.raises(DataError, match=sentence):
        lasco().queries("val")


def test_an_image_that_a_corpus_repeats_is_refused(lasco: Callable[[], LaSCo], root: Path) -> None:
    corpus = json.loads((root / "lasco_val_corpus.json").read_text())
    (root / "lasco_val_corpus.json").write_text(json.dumps([*corpus, corpus[0]]))
    with pytest.raises(DataError, match="the image 42 is listed more than once"):
        lasco().gallery("val")


@pytest.mark.shared
def test_seeded_rankings_over_the_real_corpus_agree_with_plain_lists(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    """The queries are made up: the file of the real ones is not at hand."""
    text = (real_data("lasco/lasco_val_corpus.json") / "lasco" / "lasco_val_corpus.json").read_text()
    numbers = [image["id"] for image in json.loads(text)]
    assert len(numbers) == len(set(numbers)) == 39826
    draw = random.Random(1)
    (tmp_path / "lasco").mkdir()
    (tmp_path / "lasco" / "lasco_val_corpus.json").write_text(text)
    records = [record(qid, *draw.sample(numbers, 2)) for qid in range(200)]
    (tmp_path / "lasco" / "lasco_val.json").write_text(json.dumps(records))
    ranked: dict[str, list[str]] = {}
    hits: dict[str, dict[int, int]] = {name: dict.fromkeys((1, 5, 10, 50), 0) for name in ("val", "val-removed")}
    for one in records:
        own, right = one["query-image"][0], one["target-image"][0]
        order = [own, *(number for number in draw.sample(numbers, 70) if number not in {own, right})]
        order.insert(draw.randrange(70), right)
        ranked[str(one["qid"])] = [str(number) for number in order[:55]]
        for name, kept in (("val", order), ("val-removed", [number for number in order if number != own])):
            for k in hits[name]:
                hits[name][k] += right in kept[:k]
    for name, counts in hits.items():
        result = evaluate(f"lasco/{name}", ranked, data_root=tmp_path)
        expected = {f"R@{k}": 100 * count / len(records) for k, count in counts.items()}
        assert {key: result.metrics[key] for key in expected} == pytest.approx(expected, rel=0, abs=1e-9)
        assert result.n_gallery == 39826 and result.partial  # 30,031 queries are expected


def test_written_as_parquet_the_corpus_comes_back(lasco: Callable[[], LaSCo], tmp_path: Path) -> None:
    assert_comes_back(lasco(), tmp_path, "val")
