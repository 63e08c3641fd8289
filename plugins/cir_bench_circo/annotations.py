"""The annotation files of CIRCO and COCO's list of images: read and checked; errors name file, record and key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench import DataError
from cir_bench.utils import read_json

HIDDEN = "test"
"""The split whose targets only the test server knows."""
SPLITS = ("val", HIDDEN)
IMAGE_INFO = "image_info_unlabeled2017.json"
SOURCE = "annotations/ of https://github.com/miccunifi/CIRCO"
COCO_SOURCE = "http://images.cocodataset.org/annotations/image_info_unlabeled2017.zip"

_DIGITS = 12
"""Of COCO's file names."""


@dataclass(frozen=True)
class CIRCORecord:
    """One annotation; images are ids as texts.

    Attributes:
        id: as text.
        targets: ``gt_img_ids``, ``target_img_id`` first; empty where they are hidden.
        aspects: ``semantic_aspects``.
        concept: ``shared_concept``; empty if the record has none.
    """

    id: str
    reference: str
    caption: str
    targets: tuple[str, ...]
    aspects: tuple[str, ...]
    concept: str


def read_queries(path: Path, *, hidden_targets: bool) -> list[CIRCORecord]:
    """All records of an annotation file, in its order; targets are required unless they are hidden (test).

    Raises:
        DataError: the file is missing or not JSON, an id occurs twice, or a record lacks a key or holds something else
            than it should.
    """
    data = read_json(path, SOURCE)
    if not isinstance(data, list):
        raise DataError(f"{path} must contain a JSON list, as CIRCO's own files do.")
    records = [_record(f"{path}, record {place}", entry, hidden_targets) for place, entry in enumerate(data)]
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise DataError(f"{path} has the id {record.id} more than once; download it again.")
        seen.add(record.id)
    return records


def read_gallery(path: Path) -> list[str]:
    """The ids of COCO's image list, in its order; `DataError` when it is no such list, or an id occurs twice."""
    data = read_json(path, COCO_SOURCE)
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list) or not images:
        raise DataError(f"{path} must contain an object with a list of 'images', as COCO's own file does.")
    ids = [
        _image(f"{path}, image {place}", "'id'", _object(f"{path}, image {place}", entry).get("id"))
        for place, entry in enumerate(images)
    ]
    if len(set(ids)) != len(ids):
        raise DataError(f"{path} lists an image more than once; download it again.")
    return ids


def _record(where: str, entry: Any, hidden: bool) -> CIRCORecord:
    _object(where, entry)
    caption = entry.get("relative_caption")
    if not isinstance(caption, str):
        raise DataError(f"{where}: 'relative_caption' must be a string, not {caption!r:.60}.")
    concept = entry.get("shared_concept", "")
    if not isinstance(concept, str):
        raise DataError(f"{where}: 'shared_concept' must be a string, not {concept!r:.60}.")
    return CIRCORecord(
        id=_whole(where, "'id'", entry.get("id")),
        reference=_image(where, "'reference_img_id'", entry.get("reference_img_id")),
        caption=caption,
        targets=() if hidden else _targets(where, entry),
        aspects=tuple(_texts(where, "semantic_aspects", entry.get("semantic_aspects", []))),
        concept=concept,
    )


def _object(where: str, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise DataError(f"{where}: an object was expected, not {entry!r:.60}.")
    return entry


def _targets(where: str, entry: dict[str, Any]) -> tuple[str, ...]:
    target, known = _image(where, "'target_img_id'", entry.get("target_img_id")), entry.get("gt_img_ids")
    if not isinstance(known, list):
        raise DataError(f"{where}: 'gt_img_ids' must be a list of image ids, not {known!r:.60}.")
    found = [_image(where, "'gt_img_ids'", image) for image in known]
    if target not in found or len(set(found)) != len(found):
        raise DataError(f"{where}: 'gt_img_ids' must contain target_img_id {target}, and no image twice.")
    return (target, *(image for image in found if image != target))


def _texts(where: str, key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise DataError(f"{where}: {key!r} must be a list of strings, not {value!r:.60}.")
    return list(dict.fromkeys(value))


def _image(where: str, what: str, value: Any) -> str:
    image = _whole(where, what, value)
    if len(image) > _DIGITS:
        raise DataError(f"{where}: {what} must be an image id of COCO, of {_DIGITS} digits at most, not {image:.60}.")
    return image


def _whole(where: str, what: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(f"{where}: {what} must be a whole number, not {value!r:.60}.")
    return str(value)
