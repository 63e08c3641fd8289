"""PinPoint's layout: what a row becomes, damaged rows, the contract, and a run with two reference images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cir_bench import Context, DataError, DatasetSpec, Query
from cir_bench.cli.app import main
from cir_bench.data.export import export
from cir_bench.records.load import read_records
from cir_bench.testing import DatasetContract
from cir_bench_hf import HfParams
from cir_bench_hf.dataset import Hf
from cir_bench_pinpoint.dataset import PinPoint

from .conftest import IMAGES, ROW, ROWS, Write

Open = Callable[[], PinPoint]


class TestContract(DatasetContract):
    name = "pinpoint"
    split = "test"

    @pytest.fixture(autouse=True)
    def prepared(self, root: Path, write: Write) -> None:
        self.data_root = root.parent


def test_repetitions_and_nulls_are_left_out_and_the_second_image_is_a_reference(pinpoint: Open) -> None:
    first, second = pinpoint().queries("test")
    assert first == Query(
        "query_00001",
        IMAGES[0],
        ("a dress for this place",),
        (IMAGES[1], IMAGES[2]),
        tags=("Context Fit", "short text"),
        negatives=(IMAGES[0], IMAGES[3]),
    )
    assert (second.further_references, second.tags[-1]) == ((IMAGES[4],), "two images")
    assert set(second.targets) < set(second.negatives)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"query_id": None}, "row 0: 'query_id' must be a text"),
        ({"query_image_signature": "../x"}, "row 0: 'query_image_signature' must be a signature of hex digits"),
        ({"query_image_signature2": "nan"}, "row 0: 'query_image_signature2' must be a signature"),
        ({"positive_candidates": []}, "row 0: 'positive_candidates' is empty"),
        ({"positive_candidates": [None]}, "row 0: an image of 'positive_candidates' must be a signature"),
        ({"negative_candidates": None}, "row 0: 'negative_candidates' must be a list"),
        ({"query_id": "query_00002"}, "has the query_id query_00002 more than once"),
    ],
    ids=str,
)
def test_a_damaged_row_is_named(change: dict[str, Any], sentence: str, pinpoint: Open, write: Write) -> None:
    write([ROW | change, ROWS[1]])
    with pytest.raises(DataError, match=sentence):
        pinpoint().queries("test")


def test_a_file_of_another_form_is_refused(pinpoint: Open, write: Write, root: Path) -> None:
    write([{"query_id": "x"}])
    with pytest.raises(DataError, match="lacks the column 'query_image_signature'"):
        pinpoint().queries("test")
    (root / "pinpoint_licensed.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        pinpoint().queries("test")
    (root / "index_signatures.txt").write_text("../etc/passwd")
    with pytest.raises(DataError, match="line 1: it must be a signature"):
        pinpoint().gallery("test")


def test_a_query_of_two_images_is_run(root: Path, write: Write, tmp_path: Path) -> None:
    folders = ("--out", str(tmp_path / "runs"), "--cache-dir", str(tmp_path / "cache"), "--data-root", str(root.parent))
    words = ["run", "-m", "sum", "-m", "image-only", "-b", "pinpoint", "-e", "tiny", "--device", "cpu", *folders]
    assert main(words) == 0
    records = {record.cell.method: record for record in read_records(tmp_path / "runs")[0].values()}
    assert records["image-only"].metrics["neg_recall@1"] == 50, "query_00001's own image is first, and a negative"
    assert records["sum"].n_queries == {"": 2}


def test_written_as_parquet_negatives_and_further_references_come_back(pinpoint: Open, tmp_path: Path) -> None:
    spec = DatasetSpec(name="pinpoint", summary="s", implementation="a:B")
    export(pinpoint(), spec, tmp_path / "out", splits=("test",))
    copy = Hf(HfParams(path=str(tmp_path / "out")), Context(data_root=None, cache_dir=tmp_path / "cache"))
    assert list(copy.queries("test")) == list(pinpoint().queries("test"))
    assert list(copy.gallery("test")) == IMAGES
