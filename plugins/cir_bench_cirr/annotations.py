"""The annotation files of CIRR (rc2): read and checked; errors name file, record and key."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from cir_bench import DataError
from cir_bench.utils import read_json

SPLITS = ("train", "val", "test1")
HIDDEN = "test1"
"""The split whose targets only the test server knows."""
SOURCE = "the branch cirr_dataset of https://github.com/Cuberick-Orion/CIRR"

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PATH = re.compile(r"(\./)?([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.(png|jpe?g|webp)", re.IGNORECASE)


@dataclass(frozen=True)
class CIRRRecord:
    """One annotation.

    Attributes:
        pairid: as text.
        target: ``target_hard``; None where it is hidden.
        gains: ``target_soft``, value by image.
        members: ``img_set.members``, the reference included.
    """

    pairid: str
    reference: str
    caption: str
    target: str | None
    gains: Mapping[str, float] = field(default_factory=dict)
    members: tuple[str, ...] = ()


def captions_file(root: Path, split: str) -> Path:
    """The caption file of a split."""
    return root / "captions" / f"cap.rc2.{split}.json"


def derived_file(root: Path) -> Path:
    """DQU-CIR's list of the training triplets, read if there is no training caption file."""
    return root / "derived" / "train_triplets_from_dqu_cir.json"


def split_file(root: Path, split: str) -> Path:
    """The image list of a split."""
    return root / "image_splits" / f"split.rc2.{split}.json"


def read_captions(path: Path, *, hidden_targets: bool) -> list[CIRRRecord]:
    """All records of a caption file, in its order; targets are required unless they are hidden (test1).

    Raises:
        DataError: the file is missing or not JSON, a pairid occurs twice, or a record lacks a key or holds something
            else than it should.
    """
    records = [_record(f"{path}, record {n}", entry, hidden_targets) for n, entry in enumerate(_objects(path))]
    seen: set[str] = set()
    for record in records:
        if record.pairid in seen:
            raise DataError(f"{path} has the pairid {record.pairid} more than once; download it again.")
        seen.add(record.pairid)
    return records


def check_listed(path: Path, records: Sequence[CIRRRecord], listed: Collection[str], split: Path) -> None:
    """`DataError` when a record names an image that the list of its split lacks: nothing could ever find it."""
    for place, record in enumerate(records):
        for image in (record.reference, record.target, *record.members, *record.gains):
            if image is not None and image not in listed:
                raise DataError(f"{path}, record {place}: {image} is not in {split.name}; download both files again.")


def read_derived(path: Path) -> list[CIRRRecord]:
    """The records ``{index, reference, target_hard, caption}`` of DQU-CIR's file: no pairid, soft targets or subset."""
    records = []
    for place, entry in enumerate(_objects(path)):
        where = f"{path}, record {place}"
        target = _name(where, "'target_hard'", entry.get("target_hard"))
        records.append(CIRRRecord(f"index-{place}", _reference(where, entry), _caption(where, entry), target))
    return records


def read_split(path: Path) -> dict[str, PurePosixPath]:
    """The relative path of every image of a split file, by name, in its order.

    Raises:
        DataError: the file is missing, is no object, or a path leads elsewhere or does not end in its image's name.
    """
    data = read_json(path, SOURCE)
    if not isinstance(data, dict) or not data:
        raise DataError(f"{path} must contain a JSON object {{image name: relative path}}, as CIRR's own files do.")
    paths = {}
    for name, written in data.items():
        _name(str(path), "a key", name)
        relative = written.replace("\\", "/") if isinstance(written, str) else written
        if not isinstance(relative, str) or not _PATH.fullmatch(relative):
            raise DataError(
                f"{path}: the path of {name} must be relative, such as ./dev/{name}.png, not {written!r:.60}."
            )
        paths[name] = PurePosixPath(relative)
        if paths[name].stem != name:
            raise DataError(f"{path}: the path {relative!r} is that of another image than {name}; download it again.")
    return paths


def _record(where: str, entry: dict[str, Any], hidden: bool) -> CIRRRecord:
    pairid = entry.get("pairid")
    if isinstance(pairid, bool) or not isinstance(pairid, int):
        raise DataError(f"{where}: 'pairid' must be a whole number, not {pairid!r:.60}.")
    target = entry.get("target_hard")
    if target is not None or not hidden:
        target = _name(where, "'target_hard'", target)
    img_set = entry.get("img_set")
    members = img_set.get("members") if isinstance(img_set, dict) else None
    if not isinstance(members, list) or not members:
        raise DataError(f"{where}: 'img_set' must contain a list of 'members', not {img_set!r:.60}.")
    record = CIRRRecord(
        pairid=str(pairid),
        reference=_reference(where, entry),
        caption=_caption(where, entry),
        target=target,
        gains={} if hidden else _gains(where, entry.get("target_soft")),
        members=tuple(_name(where, "a member", member) for member in members),
    )
    _check_members(where, record)
    return record


def _check_members(where: str, record: CIRRRecord) -> None:
    """Else a subset ranking would be of other candidates than the published one, or could never be right."""
    others = set(record.members) - {record.reference}
    if not others or len(others) + 1 != len(record.members):
        raise DataError(
            f"{where}: 'members' must contain the reference {record.reference}, other images, and no image twice."
        )
    if record.target is not None and record.target not in record.members:
        raise DataError(f"{where}: 'members' must contain target_hard {record.target}; download the file again.")


def _gains(where: str, soft: Any) -> dict[str, float]:
    if not isinstance(soft, dict) or not soft:
        raise DataError(f"{where}: 'target_soft' must be an object {{image name: value}}, not {soft!r:.60}.")
    for name, value in soft.items():
        _name(where, "an image of 'target_soft'", name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
            raise DataError(f"{where}: the value of {name} in 'target_soft' must be a number, not {value!r:.60}.")
    return {name: float(value) for name, value in soft.items()}


def _reference(where: str, entry: dict[str, Any]) -> str:
    return _name(where, "'reference'", entry.get("reference"))


def _caption(where: str, entry: dict[str, Any]) -> str:
    caption = entry.get("caption")
    if not isinstance(caption, str):
        raise DataError(f"{where}: 'caption' must be a string, not {caption!r:.60}.")
    return caption


def _name(where: str, what: str, value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise DataError(f"{where}: {what} must be an image name such as dev-244-0-img0, not {value!r:.60}.")
    return value


def _objects(path: Path) -> list[dict[str, Any]]:
    data = read_json(path, SOURCE)
    if not isinstance(data, list):
        raise DataError(f"{path} must contain a JSON list, as CIRR's own files do.")
    for place, entry in enumerate(data):
        if not isinstance(entry, dict):
            raise DataError(f"{path}, record {place}: an object was expected, not {entry!r:.60}.")
    return data
