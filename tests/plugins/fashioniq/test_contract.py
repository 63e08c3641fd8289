"""FashionIQ keeps the contract of a data set."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from PIL import Image

from cir_bench.testing import DatasetContract


def write(root: Path, split: str) -> None:
    for part in ("dress", "shirt", "toptee"):
        images = [f"{part}{split}{i}" for i in range(4)]
        records = [{"candidate": a, "target": b, "captions": ["is red", "is long"]} for a, b in pairwise(images)]
        (root / "captions" / f"cap.{part}.{split}.json").write_text(json.dumps(records))
        (root / "image_splits" / f"split.{part}.{split}.json").write_text(json.dumps(images))
        for place, image in enumerate(images):
            Image.new("RGB", (4, 4), (50 * place, 0, 0)).save(root / "images" / f"{image}.png")


class TestFashionIQ(DatasetContract):
    name = "fashioniq"

    def prepare(self, data_root: Path) -> None:
        for folder in ("captions", "image_splits", "images"):
            (data_root / "fashioniq" / folder).mkdir(parents=True)
        for split in ("train", "val"):
            write(data_root / "fashioniq", split)


class TestHiddenTargets(TestFashionIQ):
    split = "test"
    hidden = True

    def prepare(self, data_root: Path) -> None:
        super().prepare(data_root)
        write(data_root / "fashioniq", "test")
        for file in (data_root / "fashioniq" / "captions").glob("*.test.json"):
            records = [
                {key: value for key, value in r.items() if key != "target"} for r in json.loads(file.read_text())
            ]
            file.write_text(json.dumps(records))
