"""A tiny data set in GeneCIS's layout, with two of its tasks, and the real annotations where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import Context, NoParams
from cir_bench_genecis.dataset import GeneCIS

COCO = (139, 285, 632, 724)


def boxed(number: int, *box: float) -> dict[str, Any]:
    return {"image_id": number, "instance_bbox": list(box)}


OBJECTS = [
    {
        "reference": {"val_image_id": 139},
        "target": {"val_image_id": 285},
        "gallery": [{"val_image_id": 632}, {"val_image_id": 724}],
        "condition": "wall",
    },
    {
        "reference": {"val_image_id": 285},
        "target": {"val_image_id": 724},
        "gallery": [{"val_image_id": 724}, {"val_image_id": 632}],
        "condition": "toaster",
    },
]
ATTRIBUTES = [
    {
        "reference": boxed(1, 2, 2, 4, 4),
        "target": boxed(1, 6, 2, 4, 4.5),
        "gallery": [boxed(2, 0, 0, 10, 4)],
        "condition": "red",
    }
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """``genecis/`` with two of the four tasks, and their images."""
    root = tmp_path / "data" / "genecis"
    (root / "val2017").mkdir(parents=True)
    (root / "VG_100K_2").mkdir()
    (root / "change_object.json").write_text(json.dumps(OBJECTS))
    (root / "focus_attribute.json").write_text(json.dumps(ATTRIBUTES))
    for place, number in enumerate(COCO):
        Image.new("RGB", (4, 4), (40 * place, 0, 0)).save(root / "val2017" / f"{number:012d}.jpg")
    for number in (1, 2):
        Image.new("RGB", (20, 10), (0, 90 * number, 200)).save(root / "VG_100K_2" / f"{number}.jpg")
    return root


@pytest.fixture
def genecis(root: Path) -> Callable[[], GeneCIS]:
    """Opens the tiny data set (anew, after a test has changed its files)."""
    return lambda: GeneCIS(NoParams(), Context(data_root=root.parent, cache_dir=root.parent / "cache"))


@pytest.fixture(scope="session")
def shared(real_data: Callable[[str], Path]) -> Path:
    """The data root of the real annotations."""
    return real_data("genecis/change_object.json")
