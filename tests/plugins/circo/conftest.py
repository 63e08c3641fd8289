"""A tiny data set in CIRCO's layout, and the real annotations over a made-up list of COCO's size where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cir_bench import Context, NoParams
from cir_bench_circo.dataset import CIRCO

IMAGES = (7, 271520, 355099, 528417, 534704)
LIST = "COCO2017_unlabeled/annotations/image_info_unlabeled2017.json"


def record(number: int, **changes: Any) -> dict[str, Any]:
    """A query for image 355099 with three right answers."""
    return {
        "reference_img_id": 271520,
        "target_img_id": 355099,
        "relative_caption": "has two people",
        "shared_concept": "a girl with an umbrella",
        "gt_img_ids": [528417, 355099, 534704],
        "id": number,
        "semantic_aspects": ["cardinality", "addition"],
    } | changes


def listed(images: tuple[int, ...] = IMAGES) -> str:
    """COCO's list of some images."""
    return json.dumps({"images": [{"id": image, "file_name": f"{image:012d}.jpg"} for image in images]})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """``circo/`` with two queries of val and test, COCO's list, and its images."""
    root = tmp_path / "data" / "circo"
    (root / LIST).parent.mkdir(parents=True)
    (root / LIST).write_text(listed())
    hidden = [{key: value for key, value in record(n).items() if key not in HIDDEN} for n in range(2)]
    for split, records in {"val": [record(0), record(1)], "test": hidden}.items():
        (root / f"{split}.json").write_text(json.dumps(records))
    (root / "COCO2017_unlabeled" / "unlabeled2017").mkdir()
    for place, image in enumerate(IMAGES):
        picture = Image.new("RGB", (4, 4), (40 * place, 0, 0))
        picture.save(root / "COCO2017_unlabeled" / "unlabeled2017" / f"{image:012d}.jpg")
    return root


HIDDEN = {"target_img_id", "gt_img_ids", "semantic_aspects"}


@pytest.fixture
def circo(root: Path) -> Callable[[], CIRCO]:
    """Opens the tiny data set (anew, after a test has changed its files)."""
    return lambda: CIRCO(NoParams(), Context(data_root=root.parent, cache_dir=root.parent / "cache"))


@pytest.fixture(scope="session")
def shared(real_data: Callable[[str], Path]) -> Path:
    """The folder of the real annotations."""
    return real_data("circo/val.json") / "circo"


@pytest.fixture(scope="session")
def real(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> CIRCO:
    """The real queries; the gallery is as large as COCO's list and has their images, since the list is not there."""
    root = tmp_path_factory.mktemp("data") / "circo"
    (root / LIST).parent.mkdir(parents=True)
    needed: dict[int, None] = {}
    for split in ("val", "test"):
        content = (shared / f"{split}.json").read_text()
        (root / f"{split}.json").write_text(content)
        for entry in json.loads(content):
            needed |= dict.fromkeys([entry["reference_img_id"], *entry.get("gt_img_ids", [])])
    others = (image for image in range(600_000, 800_000) if image not in needed)
    while len(needed) < 123_403:
        needed[next(others)] = None
    (root / LIST).write_text(listed(tuple(needed)))
    return CIRCO(NoParams(), Context(data_root=root.parent, cache_dir=root.parent / "unused"))
