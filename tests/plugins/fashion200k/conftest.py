"""A tiny data set in Fashion200k's layout with real little pictures, and the real captions where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from cir_bench import Context, NoParams
from cir_bench_fashion200k.dataset import Fashion200k

CATEGORIES = ("dress", "jacket", "pants", "skirt", "top")
COLOURS = {"red": (200, 0, 0), "green": (0, 160, 0), "blue": (0, 0, 200), "grey": (128, 128, 128)}
LENGTHS = {"short": 12, "long": 28}


def picture(colour: str, length: str, shift: int) -> Image.Image:
    image = Image.new("RGB", (32, 32), "white")
    ImageDraw.Draw(image).rectangle((8 + shift, 2, 20 + shift, 2 + LENGTHS[length]), fill=COLOURS[colour])
    return image


def write_category(root: Path, category: str, split: str) -> list[tuple[str, str]]:
    """Two photos each of garments in 4 colours and 2 lengths; for jackets one loner that no caption is near to."""
    rows = []
    for number, (colour, length) in enumerate((c, n) for c in COLOURS for n in LENGTHS):
        for photo in range(2):
            path = f"women/{category}s/{split}/{number}/{number}_{photo}.jpeg"
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            picture(colour, length, photo).save(root / path)
            rows.append((path, f"{colour} {length} {category}"))
    if category == "jacket":
        path = f"women/jackets/{split}/loner_0.jpeg"
        picture("red", "long", 5).save(root / path)
        rows.append((path, "one of a kind coat"))
    return rows


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """``fashion200k/``: 81 images to train on, 81 to evaluate, 3 test queries."""
    root = tmp_path / "data" / "fashion200k"
    (root / "labels").mkdir(parents=True)
    for split in ("train", "test"):
        for category in CATEGORIES:
            lines = [f"{path}\t0.97\t{caption}\n" for path, caption in write_category(root, category, split)]
            (root / "labels" / f"{category}_{split}_detect_all.txt").write_text("".join(lines))
    of_test = "women/dresss/test/"
    pairs = [("0/0_0", "2/2_0"), ("0/0_1", "1/1_1"), ("7/7_0", "5/5_0")]
    (root / "test_queries.txt").write_text("".join(f"{of_test}{a}.jpeg {of_test}{b}.jpeg\n" for a, b in pairs))
    return tmp_path / "data"


@pytest.fixture
def fashion200k(data_root: Path) -> Callable[[], Fashion200k]:
    """Opens the tiny data set (anew, after a test has changed its files)."""
    return lambda: Fashion200k(NoParams(), Context(data_root=data_root, cache_dir=data_root / "cache"))


@pytest.fixture(scope="session")
def real_captions(real_data: Callable[[str], Path]) -> dict[str, str]:
    """5,000 real captions by image."""
    manifest = "fashion200k/subset5000_manifest.json"
    items = json.loads((real_data(manifest) / manifest).read_text(encoding="utf-8"))["items"]
    return {item["id"]: item["title"] for item in items}
