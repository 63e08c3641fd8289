"""The annotation files of FashionIQ: read and checked; errors name file, record and key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench import DataError
from cir_bench.utils import missing_file, read_json

CATEGORIES = ("dress", "shirt", "toptee")
SPLITS = ("train", "val", "test")
FOLDERS = ("captions", "image_splits")
SOURCE = "captions/ and image_splits/ of https://github.com/XiaoxiaoGuo/fashion-iq"

_ASIN = re.compile(r"[A-Za-z0-9_-]+")


def is_asin(text: str) -> bool:
    """Whether this can be an image id: it becomes a file name, so nothing in it may lead to another folder."""
    return _ASIN.fullmatch(text) is not None


@dataclass(frozen=True)
class FashionIQRecord:
    """One annotation: the reference image (``candidate`` in the file), its captions, the target if it is known."""

    reference: str
    captions: tuple[str, ...]
    target: str | None


def captions_file(root: Path, category: str, split: str) -> Path:
    """The captions of a category and split."""
    return root / FOLDERS[0] / f"cap.{category}.{split}.json"


def split_file(root: Path, category: str, split: str) -> Path:
    """The image list of a category and split."""
    return root / FOLDERS[1] / f"split.{category}.{split}.json"


def read_captions(path: Path, *, hidden_targets: bool) -> list[FashionIQRecord]:
    """All records of a caption file, in its order; targets are required unless they are hidden (test).

    Raises:
        DataError: the file is missing or not JSON, or a record lacks a key or has a wrong value.
    """
    return [_record(path, place, entry, hidden_targets) for place, entry in enumerate(_read_list(path))]


def read_split(path: Path) -> list[str]:
    """The image ids of a split file, in its order; `DataError` when it is missing, no list of ids, or repeats one."""
    images = [_id(path, place, "an image id", image) for place, image in enumerate(_read_list(path))]
    if len(set(images)) != len(images):
        repeated = next(image for place, image in enumerate(images) if image in images[:place])
        raise DataError(f"{path} lists the image {repeated!r} more than once; remove the repetition.")
    return images


def read_spelling(path: Path) -> dict[str, str]:
    """A spelling dictionary ``{wrong word: right word}``; keys come back in lower case."""
    words = _read_json(path)
    if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
        raise DataError(f"{path} must contain an object {{wrong word: right word}}.")
    return {wrong.lower(): right for wrong, right in words.items()}


def _record(path: Path, place: int, entry: Any, hidden_targets: bool) -> FashionIQRecord:
    if not isinstance(entry, dict):
        raise DataError(f"{path}, record {place}: an object with candidate, captions and target was expected.")
    captions = entry.get("captions")
    if not isinstance(captions, list) or not captions or not all(isinstance(caption, str) for caption in captions):
        raise DataError(f"{path}, record {place}: 'captions' must be a list of strings, not {captions!r:.60}.")
    reference, target = _id(path, place, "'candidate'", entry.get("candidate")), entry.get("target")
    if target is not None or not hidden_targets:
        target = _id(path, place, "'target'", target)
    return FashionIQRecord(reference, tuple(captions), target)


def _id(path: Path, place: int, what: str, value: Any) -> str:
    if not isinstance(value, str) or not is_asin(value):
        raise DataError(f"{path}, record {place}: {what} must be letters and digits, not {value!r:.60}.")
    return value


def _read_list(path: Path) -> list[Any]:
    data = _read_json(path)
    if not isinstance(data, list):
        raise DataError(f"{path} must contain a JSON list, as FashionIQ's own files do.")
    return data


def _read_json(path: Path) -> Any:
    if not path.exists():
        remedy = f"copy {SOURCE} to {path.parent.parent}" if path.parent.name in FOLDERS else "put it there"
        raise DataError(f"{missing_file(path, remedy)}.")
    return read_json(path, SOURCE)
