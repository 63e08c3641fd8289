"""The task files of GeneCIS: read and checked; errors name file, record and key."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cir_bench import DataError
from cir_bench.utils import read_json

OBJECTS = ("focus_object", "change_object")
ATTRIBUTES = ("focus_attribute", "change_attribute")
TASKS = (*ATTRIBUTES, *OBJECTS)
SOURCE = "genecis/ of https://github.com/facebookresearch/genecis"

_BOXED = re.compile(r"(0|[1-9]\d{0,11}):(.+)")


class Box(NamedTuple):
    """Of an instance, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class GeneCISRecord:
    """One template; images are ids as texts, see `image_id`."""

    reference: str
    condition: str
    target: str
    gallery: tuple[str, ...]
    """Without the target, unless the file has it there as well."""


def read_task(path: Path) -> list[GeneCISRecord]:
    """All records of a task, in the file's order; `DataError` if it is missing, or a record is not as it should be."""
    data = read_json(path, SOURCE)
    if not isinstance(data, list):
        raise DataError(f"{path} must contain a JSON list, as GeneCIS's own files do.")
    return [_record(f"{path}, record {place}", entry) for place, entry in enumerate(data)]


def image_id(number: int, box: Box | None = None) -> str:
    """``139`` of COCO, or ``2321:10,20,30.5,40`` of Visual Genome: an image and a box are one item."""
    return str(number) if box is None else f"{number}:{','.join(f'{side:.12g}' for side in box)}"


def parts_of(image: str) -> tuple[int, Box | None]:
    """Number and box of an id; `DataError` if it is none."""
    number, box = image, None
    if found := _BOXED.fullmatch(image):
        number = found[1]
        try:
            box = Box(*map(float, found[2].split(",")))
        except (TypeError, ValueError):
            number = ""
    plain = re.fullmatch(r"0|[1-9]\d{0,11}", number) is not None
    if not plain or (box is not None and not (all(map(_is_length, box)) and image_id(int(number), box) == image)):
        raise DataError(f"{image!r} is not an image id of GeneCIS, such as 139 or 2321:10,20,30,40.")
    return int(number), box


def _record(where: str, entry: Any) -> GeneCISRecord:
    if not isinstance(entry, dict):
        raise DataError(f"{where}: an object was expected, not {entry!r:.60}.")
    condition, gallery = entry.get("condition"), entry.get("gallery")
    if not isinstance(condition, str):
        raise DataError(f"{where}: 'condition' must be a string, not {condition!r:.60}.")
    if not isinstance(gallery, list) or not gallery:
        raise DataError(f"{where}: 'gallery' must be a list of images, not {gallery!r:.60}.")
    return GeneCISRecord(
        reference=_image(where, "'reference'", entry.get("reference")),
        condition=condition,
        target=_image(where, "'target'", entry.get("target")),
        gallery=tuple(_image(where, "an image of 'gallery'", image) for image in gallery),
    )


def _image(where: str, what: str, value: Any) -> str:
    keys = value.keys() if isinstance(value, dict) else set()
    if keys == {"val_image_id"}:
        return image_id(_whole(where, what, value["val_image_id"]))
    if keys != {"image_id", "instance_bbox"}:
        raise DataError(f"{where}: {what} must have a val_image_id, or image_id and instance_bbox, not {value!r:.60}.")
    sides = value["instance_bbox"]
    if not isinstance(sides, list) or len(sides) != 4 or not all(_is_length(side) for side in sides):
        raise DataError(f"{where}: the instance_bbox of {what} must be four numbers, not {sides!r:.60}.")
    if sides[2] <= 0 or sides[3] <= 0:
        raise DataError(f"{where}: the instance_bbox of {what} must have a width and a height, not {sides!r:.60}.")
    return image_id(_whole(where, what, value["image_id"]), Box(*sides))


def _is_length(side: Any) -> bool:
    return isinstance(side, (int, float)) and not isinstance(side, bool) and math.isfinite(side) and side >= 0


def _whole(where: str, what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**12:
        raise DataError(f"{where}: {what} must be a whole number of at most 12 digits, not {value!r:.60}.")
    return value
