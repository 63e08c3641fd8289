"""A tiny data set in FashionIQ's layout, and the real annotations where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import Context, NoParams
from cir_bench_fashioniq.dataset import FashionIQ

CATEGORIES = ("dress", "shirt", "toptee")


def records(category: str, split: str) -> list[dict[str, Any]]:
    """Three records; the target of test is hidden."""
    made = [
        {
            "target": f"{category}{split}{i + 1}",
            "candidate": f"{category}{split}{i}",
            "captions": [f"is {i}", "is red."],
        }
        for i in range(3)
    ]
    return [{key: record[key] for key in ("candidate", "captions")} for record in made] if split == "test" else made


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """``fashioniq/`` with 3 records and 6 images per category and split."""
    root = tmp_path / "data" / "fashioniq"
    for folder in ("captions", "image_splits", "images"):
        (root / folder).mkdir(parents=True)
    for category in CATEGORIES:
        for split in ("train", "val", "test"):
            images = [f"{category}{split}{i}" for i in range(6)]
            (root / "captions" / f"cap.{category}.{split}.json").write_text(json.dumps(records(category, split)))
            (root / "image_splits" / f"split.{category}.{split}.json").write_text(json.dumps(images))
            for i, image in enumerate(images):
                path = root / "images" / f"{image}.{'png' if i % 2 else 'jpg'}"
                Image.new("RGB", (4, 4), (40 * i, 0, 0)).save(path)
    return tmp_path / "data"


@pytest.fixture
def fashioniq(data_root: Path) -> Callable[[], FashionIQ]:
    """Opens the tiny data set (anew, after a test has changed its files)."""
    return lambda: FashionIQ(NoParams(), Context(data_root=data_root, cache_dir=data_root / "cache"))


@pytest.fixture(scope="session")
def real(real_data: Callable[[str], Path]) -> FashionIQ:
    """The real annotations."""
    data_root = real_data("fashioniq/captions")
    return FashionIQ(NoParams(), Context(data_root=data_root, cache_dir=data_root / "unused"))
