"""The folder data set keeps the contract of a data set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from cir_bench.testing import DatasetContract


class TestFolder(DatasetContract):
    name = "folder"

    def prepare(self, data_root: Path) -> None:
        root = data_root / "photos"
        root.mkdir()
        gallery, triplets = [], []
        for split in ("train", "val"):
            for i in range(4):
                Image.new("RGB", (4, 4), (50 * i, 0, 0)).save(root / f"{split}{i}.png")
                gallery.append({"image": f"{split}{i}", "split": split, "file": f"{split}{i}.png"})
            triplets.append(
                {"query_id": split, "split": split, "reference": f"{split}0", "text": "x", "targets": [f"{split}1"]}
            )
        for name, lines in (("gallery", gallery), ("triplets", triplets)):
            (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def parameters(self) -> Mapping[str, Any]:
        return {"path": str(self.data_root / "photos")}
