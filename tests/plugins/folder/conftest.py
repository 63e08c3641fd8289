"""A tiny folder benchmark, and a way to change its lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import Context
from cir_bench_folder import FolderParams
from cir_bench_folder.dataset import Folder

GALLERY = [
    *({"image": f"t{i}", "split": "train", "file": f"images/t{i}.png"} for i in range(4)),
    *({"image": f"v{i}", "split": "val", "file": f"images/v{i}.png", "caption": f"thing {i}"} for i in range(4)),
]
TRIPLETS = [
    {"query_id": "a", "split": "train", "reference": "t0", "text": "is red", "targets": ["t1", "t2"]},
    {
        "query_id": "b",
        "split": "val",
        "reference": "v0",
        "text": ["is red", "is long"],
        "targets": ["v1"],
        "tags": ["x"],
    },
    {"query_id": "c", "split": "val", "reference": "v1", "text": "is blue", "targets": ["v0", "v2"]},
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder, with all images."""
    folder = tmp_path / "photos"
    (folder / "images").mkdir(parents=True)
    for line in GALLERY:
        Image.new("RGB", (3, 3), "red").save(folder / str(line["file"]))
    return folder


@pytest.fixture
def folder(root: Path) -> Callable[..., Folder]:
    """Opens the folder with these lines."""

    def make(
        gallery: Sequence[dict[str, Any]] = GALLERY, triplets: Sequence[dict[str, Any]] = TRIPLETS, **params: Any
    ) -> Folder:
        for name, lines in (("gallery.jsonl", gallery), ("triplets.jsonl", triplets)):
            (root / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        context = Context(data_root=None, cache_dir=root / "cache")
        return Folder(FolderParams(path=str(root), **params), context)

    return make
