"""Rankings of a benchmark's queries from seeded random features, and a data root that holds all it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

DEPTH = 51
"""Fifty images are looked at, and the reference may be among them."""


def complete_root(shared: Path, root: Path) -> Path:
    """The real annotations below ``root``; COCO's list of images, where it is not there, made up at its real size."""
    root.mkdir(exist_ok=True)
    for folder in shared.iterdir():
        if folder.name != "circo":
            (root / folder.name).symlink_to(folder)
    listed = Path("COCO2017_unlabeled", "annotations", "image_info_unlabeled2017.json")
    if not (shared / "circo").is_dir() or (shared / "circo" / listed).is_file():
        (root / "circo").symlink_to(shared / "circo")
        return root
    needed: dict[int, None] = {}
    for split in ("val", "test"):
        text = (shared / "circo" / f"{split}.json").read_text()
        (root / "circo").mkdir(exist_ok=True)
        (root / "circo" / f"{split}.json").write_text(text)
        for record in json.loads(text):
            needed |= dict.fromkeys([record["reference_img_id"], *record.get("gt_img_ids", [])])
    others = (image for image in range(600_000, 800_000) if image not in needed)
    while len(needed) < 123_403:
        needed[next(others)] = None
    (root / "circo" / listed.parent).mkdir(parents=True)
    images = [{"id": image, "file_name": f"{image:012d}.jpg"} for image in needed]
    (root / "circo" / listed).write_text(json.dumps({"images": images}))
    return root


def random_scores(part: Any, seed: int, dim: int = 32) -> np.ndarray:
    """``[Q, N]`` dot products of random features; a query leans to its targets and reference, so that some are hit."""
    rng = np.random.default_rng(seed)
    row_of = {image: row for row, image in enumerate(part.gallery)}
    images = rng.standard_normal((len(part.gallery), dim), dtype=np.float32)
    queries = rng.standard_normal((len(part.queries), dim), dtype=np.float32)
    for place, query in enumerate(part.queries):
        for image in (query.reference, *query.targets[:2]):
            if image in row_of:
                queries[place] += 0.5 * images[row_of[image]]
    return queries @ images.T


def lists_of(part: Any, scores: np.ndarray, *, members: bool = False) -> dict[str, list[str]]:
    """The best of the gallery, or (``members``) of each query's image set, best first."""
    if members:
        row_of = {image: row for row, image in enumerate(part.gallery)}
        return {
            query.id: sorted(query.members, key=lambda name, row=row: -row[row_of[name]])
            for query, row in zip(part.queries, scores, strict=True)
        }
    some = np.argpartition(-scores, DEPTH, axis=1)[:, :DEPTH]
    order = np.take_along_axis(-scores, some, axis=1).argsort(axis=1, kind="stable")
    best = np.take_along_axis(some, order, axis=1)
    return {query.id: [part.gallery[i] for i in row] for query, row in zip(part.queries, best.tolist(), strict=True)}
