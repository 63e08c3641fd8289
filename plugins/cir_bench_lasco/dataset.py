"""`LaSCo`: its annotation files over the images of COCO 2014."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from cir_bench import Context, DataError, FileDataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file, read_json

SPLITS = ("train", "val")
SOURCE = "downloads/ of https://github.com/levymsn/LaSCo"


class LaSCoRecord(NamedTuple):
    """One annotation; images are COCO's ids as texts."""

    qid: str
    reference: str
    text: str
    target: str


class LaSCo(FileDataset):
    """LaSCo below ``<data root>/lasco``: ``lasco_val.json``, ``lasco_val_corpus.json`` and COCO's ``val2014/``.

    Query ids are ``qid``s, image ids COCO's numbers. Records and corpora write an image's path with different prefixes,
    so images are joined by number, and a file is looked for by its name in ``val2014/``, ``val/val2014/`` (and the same
    of train), ``images/`` and the folder itself.
    """

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("LaSCo is read from files: pass --data-root DIR, the folder that contains lasco/.")
        self.root = context.data_root / "lasco"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put lasco_val.json, lasco_val_corpus.json and val2014/ there.")
        self._records = lru_cache(maxsize=None)(self._read_records)
        self._corpus = lru_cache(maxsize=None)(self._read_corpus)

    def train(self) -> Sequence[Triplet]:
        """The triplets of ``lasco_train.json``."""
        return [Triplet(record.reference, (record.text,), record.target) for record in self._records("train")]

    def queries(self, split: str) -> Sequence[Query]:
        """30,031 queries of val."""
        return [Query(one.qid, one.reference, (one.text,), (one.target,)) for one in self._records(split)]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """Every image of the split's corpus: 39,826 of val."""
        return list(self._corpus(split))

    def file(self, image_id: str) -> Path:
        """The image's file, where it is; else where it should be."""
        present = [split for split in ("val", "train") if self._corpus_file(split).is_file()]
        for split in present:
            name = self._corpus(split).get(image_id)
            if name is not None:
                folders = (f"{split}2014", f"{split}/{split}2014", "images", "")
                places = [image_file(self.root / folder / name) for folder in folders]
                return next((path for path in places if path.is_file()), places[0])
        raise DataError(f"{image_id!r} is not an image of LaSCo: no lasco_*_corpus.json in {self.root} lists it.")

    def provenance(self) -> Mapping[str, str]:
        """Digests of the annotation files that exist."""
        files = [file for split in SPLITS for file in (self._records_file(split), self._corpus_file(split))]
        return {file.name: file_digest(file) for file in files if file.is_file()}

    def _records_file(self, split: str) -> Path:
        return self.root / f"lasco_{split}.json"

    def _corpus_file(self, split: str) -> Path:
        return self.root / f"lasco_{split}_corpus.json"

    def _read_records(self, split: str) -> list[LaSCoRecord]:
        _check_split(split)
        path = self._records_file(split)
        records = [_record(f"{path}, record {place}", entry) for place, entry in enumerate(_list(path))]
        seen: set[str] = set()
        for record in records:
            if record.qid in seen:
                raise DataError(f"{path} has the qid {record.qid} more than once; copy the file again.")
            seen.add(record.qid)
        return records

    def _read_corpus(self, split: str) -> dict[str, str]:
        """By image id the name of its file."""
        _check_split(split)
        path = self._corpus_file(split)
        names: dict[str, str] = {}
        for place, entry in enumerate(_list(path)):
            where = f"{path}, record {place}"
            image = entry if isinstance(entry, dict) else {}
            number = _image(where, [image.get("id"), image.get("path")])
            if number in names:
                raise DataError(f"{where}: the image {number} is listed more than once; copy the file again.")
            names[number] = _name(image["path"])
        return names


def _list(path: Path) -> list[Any]:
    data = read_json(path, SOURCE)
    if not isinstance(data, list):
        raise DataError(f"{path} must contain a JSON list, as LaSCo's own files do.")
    return data


def _record(where: str, entry: Any) -> LaSCoRecord:
    record = entry if isinstance(entry, dict) else {}
    qid, text = record.get("qid"), record.get("query-text")
    if isinstance(qid, bool) or not isinstance(qid, int):
        raise DataError(f"{where}: 'qid' must be a whole number, not {qid!r:.60}.")
    if not isinstance(text, str):
        raise DataError(f"{where}: 'query-text' must be a string, not {text!r:.60}.")
    return LaSCoRecord(
        str(qid), _image(where, record.get("query-image")), text, _image(where, record.get("target-image"))
    )


def _image(where: str, value: Any) -> str:
    right = isinstance(value, list) and len(value) == 2 and type(value[0]) is int and isinstance(value[1], str)
    if not right or value[0] < 0 or _name(value[1]) in {"", ".."}:
        raise DataError(f"{where}: an image must be a number of COCO and a path, not {value!r:.60}.")
    return str(value[0])


def _name(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise DataError(f"LaSCo has no split {split!r}; {did_you_mean(split, SPLITS)}")
