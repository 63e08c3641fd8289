"""`PinPoint`: its parquet file over the images of ``index_signatures.txt``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cir_bench import Context, DataError, FileDataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file
from cir_bench_pinpoint.annotations import SIGNATURE, PinPointRecord, read_gallery, read_queries

SPLIT = "test"
QUERIES, INDEX = "pinpoint_licensed.parquet", "index_signatures.txt"
FOLDERS = ("images", "")


class PinPoint(FileDataset):
    """PinPoint below ``<data root>/pinpoint``: `QUERIES`, `INDEX`, and ``images/SIGNATURE.jpg``.

    Query ids are those of the file (``query_00001``), image ids are signatures. A second image of a query is a further
    reference, the tags are its category, the length of its text and ``two images``. Positives and negatives that a row
    repeats count once; an image may be both.
    """

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("PinPoint is read from files: pass --data-root DIR, the folder that contains pinpoint/.")
        self.root = context.data_root / "pinpoint"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put {QUERIES}, {INDEX} and images/ there.")

    def train(self) -> Sequence[Triplet]:
        """None: the data set is for evaluation only."""
        return []

    def queries(self, split: str) -> Sequence[Query]:
        """7,635 queries, 1,006 of two images."""
        _check_split(split)
        return [
            Query(
                id=record.id,
                reference=record.references[0],
                captions=(record.text,),
                targets=record.positives,
                tags=record.tags,
                further_references=record.references[1:],
                negatives=record.negatives,
            )
            for record in self._records
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """109,600 images."""
        _check_split(split)
        return read_gallery(self.root / INDEX)

    def file(self, image_id: str) -> Path:
        """The image's file, where it is; else where it should be."""
        if not SIGNATURE.fullmatch(image_id):
            raise DataError(f"{image_id!r} is not an image id of PinPoint; those are signatures of hex digits.")
        places = [image_file(self.root / folder / f"{image_id}.jpg") for folder in FOLDERS]
        return next((path for path in places if path.is_file()), places[0])

    def provenance(self) -> Mapping[str, str]:
        """Digests of the annotation files that exist."""
        return {name: file_digest(self.root / name) for name in (QUERIES, INDEX) if (self.root / name).is_file()}

    @cached_property
    def _records(self) -> list[PinPointRecord]:
        return read_queries(self.root / QUERIES)


def _check_split(split: str) -> None:
    if split != SPLIT:
        raise DataError(f"PinPoint has no split {split!r} (and none to train on); {did_you_mean(split, (SPLIT,))}")
