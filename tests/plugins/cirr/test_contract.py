"""CIRR keeps the contracts of a data set and of its submission."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from PIL import Image

from cir_bench.testing import DatasetContract, SubmissionContract


def write(root: Path, split: str, hidden: bool = False) -> None:
    """Three records over four images."""
    images = [f"{split}-{i}-0-img1" for i in range(4)]
    records = [
        {"pairid": n, "reference": a, "caption": "is red", "img_set": {"members": images}}
        | ({} if hidden else {"target_hard": b, "target_soft": {b: 1.0, images[3]: 0.5}})
        for n, (a, b) in enumerate(pairwise(images))
    ]
    (root / "captions" / f"cap.rc2.{split}.json").write_text(json.dumps(records))
    paths = {image: f"./{split}/{image}.png" for image in images}
    (root / "image_splits" / f"split.rc2.{split}.json").write_text(json.dumps(paths))
    (root / split).mkdir()
    for place, image in enumerate(images):
        Image.new("RGB", (4, 4), (50 * place, 0, 0)).save(root / split / f"{image}.png")


class TestCIRR(DatasetContract):
    name = "cirr"

    def prepare(self, data_root: Path) -> None:
        for folder in ("captions", "image_splits"):
            (data_root / "cirr" / folder).mkdir(parents=True)
        for split in ("train", "val"):
            write(data_root / "cirr", split)


class TestHiddenTargets(TestCIRR):
    split = "test1"
    hidden = True

    def prepare(self, data_root: Path) -> None:
        super().prepare(data_root)
        write(data_root / "cirr", "test1", hidden=True)


class TestSubmission(SubmissionContract):
    name = "cirr"
