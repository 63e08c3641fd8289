"""Captions of images from JSON files ``{image id: caption}``, such as BLIP-2's for FashionIQ and CIRR."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cir_bench import Context, DataError
from cir_bench.utils import parse_json, read_bounded

MOST_BYTES = 512 * 2**20

NOT_CAPTIONS = "correction_dict_"
"""TG-CIR's spelling dictionaries look the same and are in the same folder."""


def load_captions(path: Path | None, context: Context) -> tuple[Mapping[str, str], str]:
    """All captions by image id, and where they came from, in words.

    An id that occurs in several files keeps the caption of the first one by name. Without a default folder,
    the data set may describe its images itself (side text).

    Raises:
        DataError: the path does not exist, contains no captions, or a file is not JSON.
    """
    if path is not None:
        if not path.exists():
            raise DataError(f"there is no caption file or folder {path}; correct encoder.path.")
        captions = _of_folder(path) if path.is_dir() else _of_file(path)
        if not captions:
            raise DataError(f"{path} contains no captions: a JSON object {{image id: caption}} is expected.")
        return captions, str(path)
    if context.data_root is None:
        return {}, "the data set's own descriptions (no data root was given for caption files)"
    folder = context.data_root / "image_captions" / context.dataset
    if context.dataset and folder.is_dir():
        return _of_folder(folder), str(folder)
    return {}, f"the data set's own descriptions (there is no {folder})"


def _of_folder(folder: Path) -> dict[str, str]:
    captions: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        if path.name.startswith(NOT_CAPTIONS):
            continue
        found = _parsed(path)
        if not _are_captions(found):
            warnings.warn(f"{path} is not an object {{image id: caption}} and is ignored.", stacklevel=2)
            continue
        captions = found | captions
    return captions


def _of_file(path: Path) -> dict[str, str]:
    found = _parsed(path)
    if not _are_captions(found):
        raise DataError(f"{path} is not a caption file: a JSON object {{image id: caption}} is expected.")
    captions: dict[str, str] = found
    return captions


def _parsed(path: Path) -> Any:
    try:
        return parse_json(read_bounded(path, MOST_BYTES))
    except (OSError, ValueError) as error:
        raise DataError(f"the caption file {path} cannot be read: {error}.") from error


def _are_captions(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
