"""`GeneCIS`: its task files over images of COCO 2017 and crops of Visual Genome."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image

from cir_bench import Context, DataError, Dataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file, read_image
from cir_bench_genecis.annotations import SOURCE, TASKS, Box, GeneCISRecord, parts_of, read_task

SPLIT = "val"
COCO_FOLDERS = ("val2017", "coco/val2017", "images", "")
VG_FOLDERS = ("VG_100K", "VG_100K_2", "VG_100K_all", "images", "")
MARGIN = 0.7
"""Of a box's width and height: added at its left and its top, where a crop begins."""


class GeneCIS(Dataset):
    """GeneCIS below ``<data root>/genecis``: a file for each task, COCO's ``val2017/`` and Visual Genome's folders.

    Parts are the tasks whose file is there. Query ids are ``change_object-19``: task and index in its file, from 0.
    Image ids are COCO's (``139``), or of Visual Genome with the instance's box (``2321:10,20,30,40``): one image with
    two boxes is two items. A query's own candidates (`Query.subset`) are its target and its gallery; the reference is
    not among them. Exact repetitions of records are kept, as in the authors' evaluator.
    """

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("GeneCIS is read from files: pass --data-root DIR, the folder that contains genecis/.")
        self.root = context.data_root / "genecis"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put {', '.join(f'{task}.json' for task in TASKS)} there.")
        self.parts = tuple(task for task in TASKS if self._file(task).is_file()) or TASKS
        self._records = lru_cache(maxsize=None)(self._read)

    def train(self) -> Sequence[Triplet]:
        """None: the data set is for evaluation only."""
        return []

    def queries(self, split: str) -> Sequence[Query]:
        """About 2,000 queries for each task."""
        _check_split(split)
        return [
            Query(
                id=f"{task}-{index}",
                reference=record.reference,
                captions=(record.condition,),
                targets=(record.target,),
                part=task,
                subset=tuple(dict.fromkeys((record.target, *record.gallery))),
            )
            for task in self.parts
            for index, record in enumerate(self._records(task))
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """Every image that is a candidate of some query of the task."""
        _check_split(split)
        if part not in self.parts:
            raise DataError(f"GeneCIS has galleries by task; {did_you_mean(part, self.parts)}")
        images = (image for record in self._records(part) for image in (record.target, *record.gallery))
        return list(dict.fromkeys(images))

    def open(self, image_id: str) -> Image.Image:
        """Decode the image's file, and crop it to the box if there is one."""
        box = parts_of(image_id)[1]
        image = read_image(self._image(image_id))
        return image if box is None else crop(image, box)

    def has(self, image_id: str) -> bool:
        """Whether the image's file is in one of the folders."""
        try:
            return self._image(image_id).is_file()
        except DataError:
            return False

    def digest(self, image_id: str) -> str:
        """Digest of the image's file, together with the box."""
        whole, box = file_digest(self._image(image_id)), parts_of(image_id)[1]
        return whole if box is None else hashlib.sha256(f"{whole} {image_id}".encode()).hexdigest()

    def file(self, image_id: str) -> Path | None:
        """The image's file; None for a crop."""
        return self._image(image_id) if parts_of(image_id)[1] is None else None

    def provenance(self) -> Mapping[str, str]:
        """Digests of the task files that exist."""
        return {self._file(task).name: file_digest(self._file(task)) for task in TASKS if self._file(task).is_file()}

    def _file(self, task: str) -> Path:
        return self.root / f"{task}.json"

    def _image(self, image_id: str) -> Path:
        number, box = parts_of(image_id)
        names, folders = (f"{number:012d}.jpg", COCO_FOLDERS) if box is None else (f"{number}.jpg", VG_FOLDERS)
        places = [image_file(self.root / folder / names) for folder in folders]
        return next((path for path in places if path.is_file()), places[0])

    def _read(self, task: str) -> list[GeneCISRecord]:
        path = self._file(task)
        if not path.is_file():
            raise DataError(f"{path} is missing; copy it from {SOURCE}.")
        return read_task(path)


def crop(image: Image.Image, box: Box) -> Image.Image:
    """An instance with the authors' margin, in the middle of a black square.

    The margin is at the left and at the top alone, as in their code: inside an image, the crop ends where its box does.
    """
    left, top = max(0.0, box.x - MARGIN * box.width), max(0.0, box.y - MARGIN * box.height)
    right = min(float(image.width), left + (1 + MARGIN) * box.width)
    bottom = min(float(image.height), top + (1 + MARGIN) * box.height)
    if round(right) <= round(left) or round(bottom) <= round(top):
        raise DataError(f"The box {tuple(box)} is not within an image of {image.width} x {image.height} pixels.")
    part = image.crop((round(left), round(top), round(right), round(bottom)))
    side = max(part.size)
    square = Image.new("RGB", (side, side))
    square.paste(part, ((side - part.width) // 2, (side - part.height) // 2))
    return square


def _check_split(split: str) -> None:
    if split != SPLIT:
        raise DataError(f"GeneCIS has no split {split!r} (and none to train on); {did_you_mean(split, (SPLIT,))}")
