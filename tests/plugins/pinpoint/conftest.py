"""A tiny data set in PinPoint's layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from cir_bench import Context, NoParams
from cir_bench_pinpoint.dataset import PinPoint

IMAGES = [f"{place:032x}" for place in range(1, 7)]
ROW = {
    "query_id": "query_00001",
    "query_image_signature": IMAGES[0],
    "query_image_signature2": "None",
    "instruction": "a dress for this place",
    "positive_candidates": [IMAGES[1], IMAGES[2], IMAGES[1]],
    "negative_candidates": [IMAGES[0], None, IMAGES[3], IMAGES[3]],
    "query_category": "Context Fit",
    "length_category": "short",
    "is_question": False,
}
ROWS: list[dict[str, Any]] = [
    ROW,
    ROW | {"query_id": "query_00002", "query_image_signature2": IMAGES[4], "positive_candidates": IMAGES[3:4]},
]
Write = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data" / "pinpoint"
    (root / "images").mkdir(parents=True)
    (root / "index_signatures.txt").write_text("\n".join(IMAGES))
    for place, image in enumerate(IMAGES):
        Image.new("RGB", (4, 4), (40 * place, 90, 0)).save(root / "images" / f"{image}.jpg")
    return root


@pytest.fixture
def write(root: Path) -> Write:
    """Writes the rows of the parquet file."""

    def write(rows: list[dict[str, Any]]) -> None:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), root / "pinpoint_licensed.parquet")

    write(ROWS)
    return write


@pytest.fixture
def pinpoint(root: Path, write: Write) -> Callable[[], PinPoint]:
    return lambda: PinPoint(NoParams(), Context(data_root=root.parent, cache_dir=root.parent / "cache"))
