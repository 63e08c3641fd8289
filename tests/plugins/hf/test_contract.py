"""The data set hf keeps the contract of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from pyarrow import Table
from pyarrow.parquet import write_table

from cir_bench.data.card import card
from cir_bench.data.tables import GALLERY, QUERIES, TRIPLETS, features
from cir_bench.testing import DatasetContract
from cir_bench_hf import cir_bench_datasets


class TestHf(DatasetContract):
    name = "hf"

    def prepare(self, data_root: Path) -> None:
        """By hand, from the columns alone; nothing of the exporter but its schema."""
        gallery = []
        for number in range(4):
            file = data_root / f"{number}.png"
            Image.new("RGB", (4, 4), (60 * number, 0, 0)).save(file)
            image = {"bytes": file.read_bytes(), "path": file.name}
            gallery.append(
                {"image_id": str(number), "parts": [""], "places": [number], "side_text": None, "image": image}
            )
        query = {"id": "q", "reference": "0", "captions": ["x"], "targets": ["1", "2"], "part": ""}
        query |= {"subset": ["1", "3"], "gains": [{"image": "1", "gain": 0.5}], "tags": ["t"]}
        triplet = {"reference": "0", "captions": ["x"], "target": "1", "part": "", "hits": []}
        rows: dict[str, dict[str, list[dict[str, Any]]]] = {
            TRIPLETS: {"train": [triplet]},
            QUERIES: {"val": [query]},
            GALLERY: {"val": gallery},
        }
        root = data_root / "set"
        for table, splits in rows.items():
            (root / table).mkdir(parents=True)
            for split, listed in splits.items():
                schema = features(table).arrow_schema
                write_table(Table.from_pylist(listed, schema=schema), root / table / f"{split}-00000.parquet")
        counts = {table: {split: len(listed) for split, listed in splits.items()} for table, splits in rows.items()}
        (root / "README.md").write_text(card(cir_bench_datasets()[0], {}, counts))

    def parameters(self) -> Mapping[str, Any]:
        return {"path": str(self.data_root / "set")}
