"""A tiny data set in CIRR's layout, and the real annotations where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import Context, NoParams
from cir_bench_cirr.dataset import CIRR

PREFIX = {"train": "train", "val": "dev", "test1": "test1"}
FOLDERS = {"train": "train/34", "val": "dev", "test1": "test1"}


def names(split: str) -> list[str]:
    """Six images of one group, and two more."""
    return [f"{PREFIX[split]}-{i}-0-img1" for i in range(8)]


def records(split: str) -> list[dict[str, Any]]:
    """Three records over the group; the targets of test1 are hidden."""
    images = names(split)
    made = [
        {
            "pairid": 100 + i,
            "reference": images[i],
            "target_hard": images[i + 1],
            "target_soft": {images[i + 1]: 1.0, images[6]: 0.5, images[7]: -1.0},
            "caption": f"show {i} dogs",
            "img_set": {"id": 1, "members": images[:6], "reference_rank": 3, "target_rank": 0},
        }
        for i in range(3)
    ]
    hidden = {"target_hard", "target_soft"} if split == "test1" else set()
    return [{key: value for key, value in record.items() if key not in hidden} for record in made]


def write(root: Path) -> None:
    """Annotations of the three splits below ``root``, and every image where the split files say."""
    for folder in ("captions", "image_splits"):
        (root / folder).mkdir(parents=True)
    for split, folder in FOLDERS.items():
        (root / "captions" / f"cap.rc2.{split}.json").write_text(json.dumps(records(split)))
        paths = {name: f"./{folder}/{name}.png" for name in names(split)}
        (root / "image_splits" / f"split.rc2.{split}.json").write_text(json.dumps(paths))
        (root / folder).mkdir(parents=True)
        for i, name in enumerate(names(split)):
            Image.new("RGB", (4, 4), (30 * i, 0, 0)).save(root / folder / f"{name}.png")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """``cirr/`` with 3 records and 8 images per split."""
    write(tmp_path / "data" / "cirr")
    return tmp_path / "data" / "cirr"


@pytest.fixture
def cirr(root: Path) -> Callable[[], CIRR]:
    """Opens the tiny data set (anew, after a test has changed its files)."""
    return lambda: CIRR(NoParams(), Context(data_root=root.parent, cache_dir=root.parent / "cache"))


@pytest.fixture(scope="session")
def real(real_data: Callable[[str], Path]) -> CIRR:
    """The real annotations."""
    data_root = real_data("cirr/captions")
    return CIRR(NoParams(), Context(data_root=data_root, cache_dir=data_root / "unused"))
