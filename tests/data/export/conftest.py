"""A data set whose every field is in use: parts, several targets, gains, subsets, tags, outside references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image

from cir_bench import DataError, Dataset, Query, Triplet
from cir_bench.utils import file_digest, read_image


class Full(Dataset):
    """Images ``a`` to ``f`` are files, ``drawn`` is rendered."""

    parts = ("left", "right")

    def __init__(self, root: Path) -> None:
        self.root = root
        for number, name in enumerate("abcdef"):
            Image.new("RGB", (4, 4), (40 * number, 0, 0)).save(root / f"{name}.{'jpg' if number % 2 else 'png'}")

    def train(self) -> Sequence[Triplet]:
        return [Triplet("e", ("is é", ""), "f", "left", ("f", "e")), Triplet("f", ("x",), "e", "right")]

    def queries(self, split: str) -> Sequence[Query]:
        if split == "test":
            return [Query("9", "a", ("hidden",), (), "left"), Query("8", "a", ("hidden",), (), "right")]
        if split != "val":
            raise DataError(f"there is no split {split!r}; did you mean 'val'?")
        return [
            Query(
                id="q2",
                reference="drawn",
                captions=("one", "two"),
                targets=("c", "a"),
                part="left",
                subset=("c", "b"),
                gains={"c": 1.0, "a": 0.25},
                tags=("t", "u"),
                context={"concept": "a thing"},
            ),
            Query("q1", "b", ("three",), ("b",), "right"),
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        return {"left": ["c", "a", "b"], "right": ["b", "d", "a"]}[part]

    def file(self, image_id: str) -> Path | None:
        return None if image_id == "drawn" else next(self.root.glob(f"{image_id}.*"), self.root / f"{image_id}.png")

    def open(self, image_id: str) -> Image.Image:
        path = self.file(image_id)
        return read_image(path) if path else Image.new("RGB", (2, 3), "blue")

    def has(self, image_id: str) -> bool:
        path = self.file(image_id)
        return path is None or path.is_file()

    def digest(self, image_id: str) -> str:
        path = self.file(image_id)
        return file_digest(path) if path else "drawn"

    def side_text(self, image_id: str) -> str | None:
        return f"thing {image_id}" if image_id in "ab" else None

    def provenance(self) -> Mapping[str, str]:
        return {"made": "by hand"}


@pytest.fixture
def full(tmp_path: Path) -> Full:
    root = tmp_path / "images"
    root.mkdir()
    return Full(root)
