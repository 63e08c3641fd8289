"""`FashionIQ`: the official file layout, one data set over the three categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from cir_bench import Context, DataError, FileDataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file
from cir_bench_fashioniq.annotations import (
    CATEGORIES,
    SPLITS,
    FashionIQRecord,
    captions_file,
    is_asin,
    read_captions,
    read_spelling,
    read_split,
    split_file,
)


class FashionIQ(FileDataset):
    """FashionIQ below ``<data root>/fashioniq``: ``captions/``, ``image_splits/``, ``images/{asin}.png``.

    Parts are the categories; the train split is the three one after the other. Query ids are ``dress-0``: category
    and index in ``captions/cap.dress.<split>.json``. Image ids are asins; their files may also be
    .jpg, .jpeg or .webp. Images are opened on demand, so annotations can be used without them.
    """

    parts = CATEGORIES

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("FashionIQ is read from files: pass --data-root DIR, the folder that contains fashioniq/.")
        self.root = context.data_root / "fashioniq"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put captions/, image_splits/ and images/ of FashionIQ there.")
        # one cache per object: files are read once
        self._records = lru_cache(maxsize=None)(self._read_records)
        self._gallery = lru_cache(maxsize=None)(self._read_gallery)

    def train(self) -> Sequence[Triplet]:
        """18,000 triplets: dress, shirt, toptee."""
        return [
            Triplet(record.reference, record.captions, record.target, category)
            for category in CATEGORIES
            for record in self._records(category, "train")
            if record.target is not None
        ]

    def queries(self, split: str) -> Sequence[Query]:
        """6,016 queries of val: dress, shirt, toptee; those of test have no targets."""
        return [
            Query(
                id=f"{category}-{index}",
                reference=record.reference,
                captions=record.captions,
                targets=(record.target,) if record.target is not None else (),
                part=category,
            )
            for category in CATEGORIES
            for index, record in enumerate(self._records(category, split))
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The official image list of a category; a split has no list over all categories."""
        if part not in CATEGORIES:
            raise DataError(f"FashionIQ has a gallery per category; {did_you_mean(part, CATEGORIES)}")
        return self._gallery(part, split)

    def spelling(self, name: str, part: str = "") -> Mapping[str, str]:
        """``<data root>/image_captions/fashioniq/{name}_{category}.json``, where others publish ``correction_dict``."""
        return read_spelling(self.root.parent / "image_captions" / "fashioniq" / f"{name}_{part}.json")

    def provenance(self) -> Mapping[str, str]:
        """Digests of the train and val annotation files that exist."""
        files = [captions_file(self.root, category, split) for split in ("train", "val") for category in CATEGORIES]
        files += [split_file(self.root, category, "val") for category in CATEGORIES]
        return {path.name: file_digest(path) for path in files if path.is_file()}

    def file(self, image_id: str) -> Path:
        """``images/{asin}`` with the suffix that it has."""
        if not is_asin(image_id):
            raise DataError(f"{image_id!r} is not an image id of FashionIQ; those consist of letters and digits.")
        return image_file(self.root / "images" / f"{image_id}.png")

    def _read_records(self, category: str, split: str) -> list[FashionIQRecord]:
        _check_split(split)
        return read_captions(captions_file(self.root, category, split), hidden_targets=split == "test")

    def _read_gallery(self, category: str, split: str) -> list[str]:
        _check_split(split)
        return read_split(split_file(self.root, category, split))


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise DataError(f"FashionIQ has no split {split!r}; {did_you_mean(split, SPLITS)}")
