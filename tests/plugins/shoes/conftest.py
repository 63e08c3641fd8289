"""A tiny data set in Shoes' layout, and the real annotations where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cir_bench import Context
from cir_bench_shoes import ShoesParams
from cir_bench_shoes.dataset import Shoes

TRIPLETS = [  # reference, caption, target
    ("img_womens_clogs_0.jpg", "has a red strap ", "img_womens_clogs_1.jpg"),
    ("img_womens_boots_0.jpg", "is taller", "img_womens_boots_1.jpg"),
    ("img_womens_clogs_2.jpg", "is identical", "img_womens_clogs_2.jpg"),
    ("img_womens_boots_2.jpg", "is identical", "img_womens_boots_2.jpg"),
    ("img_womens_boots_1.jpg", "is brown", "img_womens_boots_0.jpg"),
]


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """``shoes/``: clogs to train on, boots to evaluate; 5 triplets, of which one in each split is of a single image."""
    root = tmp_path / "data" / "shoes"
    keys = ("ReferenceImageName", "RelativeCaption", "ImageName")
    root.mkdir(parents=True)
    (root / "relative_captions_shoes.json").write_text(
        json.dumps([dict(zip(keys, triplet, strict=True)) for triplet in TRIPLETS])
    )
    for place, (split, kind, folder) in enumerate([("train", "clogs", "attributedata"), ("eval", "boots", "images")]):
        names = [f"img_womens_{kind}_{i}.jpg" for i in range(4)]
        (root / f"{split}_im_names.txt").write_text("".join(f"{name}\n" for name in names))
        for i, name in enumerate(names):
            where = root / folder / f"womens_{kind}" / str(i % 2)
            where.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4), (60 * i, 200 * place, 0)).save(where / name)
    return tmp_path / "data"


@pytest.fixture
def shoes(data_root: Path) -> Callable[..., Shoes]:
    """Opens the tiny data set (anew, after a test has changed its files)."""
    return lambda **params: Shoes(ShoesParams(**params), Context(data_root=data_root, cache_dir=data_root / "cache"))


@pytest.fixture(scope="session")
def real(real_data: Callable[[str], Path]) -> Callable[..., Shoes]:
    """Opens the real annotations."""
    data_root = real_data("shoes/relative_captions_shoes.json")
    return lambda **params: Shoes(ShoesParams(**params), Context(data_root=data_root, cache_dir=data_root / "unused"))
