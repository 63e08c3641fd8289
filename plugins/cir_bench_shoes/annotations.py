"""The annotation files of Shoes: read and checked; errors name file, record and key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench import DataError
from cir_bench.utils import missing_file, read_json

RELATIVE = "relative_captions_shoes.json"
DESCRIPTIONS = "captions_shoes.json"
NAMES = {"train": "train_im_names.txt", "eval": "eval_im_names.txt"}
"""The image names of each split."""
SOURCE = "dataset/ of https://github.com/XiaoxiaoGuo/fashion-retrieval"

_NAME = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z]+")


@dataclass(frozen=True)
class ShoesRecord:
    """One annotated triplet: ``ReferenceImageName``, ``RelativeCaption``, ``ImageName``."""

    index: int
    """Its place in the file, from 0."""
    reference: str
    caption: str
    target: str


def read_names(path: Path) -> list[str]:
    """The image names of a split, in the file's order; `DataError` when one is no file name, or repeated."""
    lines = enumerate(_read(path).splitlines(), start=1)
    names = [_name(f"{path}, line {number}", "an image name", line.strip()) for number, line in lines if line.strip()]
    if len(set(names)) != len(names):
        repeated = next(name for place, name in enumerate(names) if name in names[:place])
        raise DataError(f"{path} lists the image {repeated!r} more than once; remove the repetition.")
    return names


def read_relative(path: Path) -> list[ShoesRecord]:
    """All triplets of ``relative_captions_shoes.json``, in its order.

    Raises:
        DataError: the file is missing or not JSON, or a record lacks a key or has a wrong value.
    """
    return [
        ShoesRecord(
            place,
            _name(f"{path}, record {place}", "'ReferenceImageName'", entry.get("ReferenceImageName")),
            _text(path, place, entry, "RelativeCaption"),
            _name(f"{path}, record {place}", "'ImageName'", entry.get("ImageName")),
        )
        for place, entry in enumerate(_objects(path))
    ]


def read_descriptions(path: Path) -> dict[str, str]:
    """Description by image name from ``captions_shoes.json``; of several for one image the first."""
    found: dict[str, str] = {}
    for place, entry in enumerate(_objects(path)):
        name = _name(f"{path}, record {place}", "'ImageName'", entry.get("ImageName"))
        found.setdefault(name, _text(path, place, entry, "Caption").strip())
    return found


def _objects(path: Path) -> list[dict[str, Any]]:
    data = read_json(path, SOURCE)
    if not isinstance(data, list):
        raise DataError(f"{path} must contain a JSON list, as the file of Shoes does.")
    for place, entry in enumerate(data):
        if not isinstance(entry, dict):
            raise DataError(f"{path}, record {place}: an object was expected, not {entry!r:.60}.")
    return data


def _text(path: Path, place: int, entry: dict[str, Any], key: str) -> str:
    text = entry.get(key)
    if not isinstance(text, str):
        raise DataError(f"{path}, record {place}: {key!r} must be a string, not {text!r:.60}.")
    return text


def _name(where: str, what: str, value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise DataError(f"{where}: {what} must be a file name such as img_womens_clogs_851.jpg, not {value!r:.60}.")
    return value


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"{missing_file(path, f'copy it from {SOURCE}')}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8 ({error}); download it again.") from error
