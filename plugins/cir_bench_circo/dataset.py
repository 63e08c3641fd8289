"""`CIRCO`: its annotation files over the unlabeled images of COCO 2017."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from cir_bench import Context, DataError, FileDataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file
from cir_bench_circo.annotations import COCO_SOURCE, HIDDEN, IMAGE_INFO, SPLITS, CIRCORecord, read_gallery, read_queries

COCO = "COCO2017_unlabeled"
IMAGE_FOLDERS = (f"{COCO}/unlabeled2017", COCO, "unlabeled2017", "images", "")
"""Below the data set's folder, the official place first."""
LIST_FOLDERS = (f"{COCO}/annotations", COCO, "annotations", "")
QUERY_FOLDERS = ("", "annotations")

_ID = re.compile(r"0|[1-9][0-9]{0,11}")


class CIRCO(FileDataset):
    """CIRCO below ``<data root>/circo``: ``val.json`` and ``test.json`` (or in ``annotations/``), and COCO's images.

    Query ids are the records' ids. Image ids are COCO's without leading zeros (``271520``), of the files
    ``COCO2017_unlabeled/unlabeled2017/000000271520.jpg`` (or flat in one of `IMAGE_FOLDERS`), which are opened when
    they are asked for. The gallery is COCO's own list, ``image_info_unlabeled2017.json`` in one of `LIST_FOLDERS`. The
    first target of a query is ``target_img_id``; its tags are the semantic aspects, and its context is the ``concept``
    that reference and targets share. There is no train split.
    """

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("CIRCO is read from files: pass --data-root DIR, the folder that contains circo/.")
        self.root = context.data_root / "circo"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put val.json, test.json and {COCO}/ there.")
        self._records = lru_cache(maxsize=None)(self._read_records)

    def train(self) -> Sequence[Triplet]:
        """None: the data set is for evaluation only."""
        return []

    def queries(self, split: str) -> Sequence[Query]:
        """220 queries of val; 800 of test, whose targets are hidden."""
        return [
            Query(
                id=record.id,
                reference=record.reference,
                captions=(record.caption,),
                targets=record.targets,
                tags=record.aspects,
                context={"concept": record.concept} if record.concept else {},
            )
            for record in self._records(split)
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The 123,403 images of COCO's list, for both splits."""
        _check_split(split)
        return self._images

    def file(self, image_id: str) -> Path:
        """The image's file, where it is; else where it should be."""
        if not _ID.fullmatch(image_id):
            raise DataError(f"{image_id!r} is not an image id of CIRCO; those are numbers without leading zeros.")
        places = [image_file(self.root / folder / f"{int(image_id):012d}.jpg") for folder in IMAGE_FOLDERS]
        return next((path for path in places if path.is_file()), places[0])

    def provenance(self) -> Mapping[str, str]:
        """Digests of the annotation files and of COCO's list, if they exist."""
        files = [*(self._find(QUERY_FOLDERS, f"{split}.json") for split in SPLITS), self._list_file]
        return {path.name: file_digest(path) for path in files if path.is_file()}

    @cached_property
    def _images(self) -> list[str]:
        if not self._list_file.is_file():
            raise DataError(
                f"{self._list_file} is missing, and the gallery cannot be known without COCO's list of images; "
                f"unpack {COCO_SOURCE} in {self.root / COCO}."
            )
        return read_gallery(self._list_file)

    @property
    def _list_file(self) -> Path:
        return self._find(LIST_FOLDERS, IMAGE_INFO)

    def _read_records(self, split: str) -> list[CIRCORecord]:
        _check_split(split)
        path = self._find(QUERY_FOLDERS, f"{split}.json")
        records = read_queries(path, hidden_targets=split == HIDDEN)
        if self._list_file.is_file():
            self._check_listed(path, records)
        return records

    def _check_listed(self, path: Path, records: Sequence[CIRCORecord]) -> None:
        """A query of an image that the list lacks could not be asked, or its target never be found."""
        listed = frozenset(self._images)
        for place, record in enumerate(records):
            for image in (record.reference, *record.targets):
                if image not in listed:
                    raise DataError(f"{path}, record {place}: image {image} is not in {self._list_file}.")

    def _find(self, folders: Sequence[str], name: str) -> Path:
        """The file in the first folder that has it; else where it should be."""
        paths = [self.root / folder / name for folder in folders]
        return next((path for path in paths if path.is_file()), paths[0])


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise DataError(f"CIRCO has no split {split!r} (and none to train on); {did_you_mean(split, SPLITS)}")
