"""CIRCO keeps the contract of a data set that is for evaluation only."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from cir_bench.testing import DatasetContract, SubmissionContract


class TestCIRCO(DatasetContract):
    name = "circo"

    def prepare(self, data_root: Path) -> None:
        images = data_root / "circo" / "COCO2017_unlabeled" / "unlabeled2017"
        images.mkdir(parents=True)
        (images.parent / "annotations").mkdir()
        content = json.dumps({"images": [{"id": image} for image in range(5)]})
        (images.parent / "annotations" / "image_info_unlabeled2017.json").write_text(content)
        query = {"id": 3, "reference_img_id": 0, "relative_caption": "is red"}
        truth = {"target_img_id": 2, "gt_img_ids": [1, 2]}
        (data_root / "circo" / "val.json").write_text(json.dumps([query | truth]))
        (data_root / "circo" / "test.json").write_text(json.dumps([query]))
        for image in range(5):
            Image.new("RGB", (4, 4), (50 * image, 0, 0)).save(images / f"{image:012d}.jpg")


class TestHiddenTargets(TestCIRCO):
    split = "test"
    hidden = True


class TestSubmission(SubmissionContract):
    name = "circo"
