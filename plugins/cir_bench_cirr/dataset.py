"""`CIRR`: the official annotation files, and images in any of the layouts that people have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

from cir_bench import Context, DataError, FileDataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file
from cir_bench_cirr.annotations import (
    HIDDEN,
    SOURCE,
    SPLITS,
    CIRRRecord,
    captions_file,
    check_listed,
    derived_file,
    read_captions,
    read_derived,
    read_split,
    split_file,
)

FOLDERS = ("", "img_raw", "images")
"""Below the data set's folder, any of them may hold the images."""


class CIRR(FileDataset):
    """CIRR (rc2) below ``<data root>/cirr``: ``captions/``, ``image_splits/`` and images.

    Query ids are pairids, image ids the names of the split files. An image lies where its split file says
    (``train/34/NAME.png``, ``dev/NAME.png``), or flat (``train/NAME.png``, ``NAME.png``), below the data set's folder,
    ``img_raw/`` or ``images/``, as png, jpg, jpeg or webp; images are opened on demand.

    Where ``captions/cap.rc2.train.json`` is absent, ``derived/train_triplets_from_dqu_cir.json`` (DQU-CIR's list of the
    same 28,225 triplets) is read instead, which the provenance says.
    """

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("CIRR is read from files: pass --data-root DIR, the folder that contains cirr/.")
        self.root = context.data_root / "cirr"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put captions/, image_splits/ and the images of CIRR there.")
        # one cache per object: files are read once
        self._records = lru_cache(maxsize=None)(self._read_records)
        self._split = lru_cache(maxsize=None)(self._read_split)

    def train(self) -> Sequence[Triplet]:
        """28,225 triplets."""
        return [
            Triplet(record.reference, (record.caption,), record.target)
            for record in self._records("train")
            if record.target is not None
        ]

    def queries(self, split: str) -> Sequence[Query]:
        """4,181 queries of val; 4,148 of test1, whose targets are hidden. The subset never holds the reference."""
        return [
            Query(
                id=record.pairid,
                reference=record.reference,
                captions=(record.caption,),
                targets=(record.target,) if record.target is not None else (),
                subset=tuple(image for image in record.members if image != record.reference),
                gains=record.gains,
            )
            for record in self._records(split)
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """Every name of the split file: 2,297 (val), 2,315 (test1), 16,939 (train)."""
        return list(self._split(split))

    def has(self, image_id: str) -> bool:
        """Whether the image's file is in one of the places it may be in; `DataError` for a broken split file."""
        return any(path.is_file() for path in self._places(image_id))

    def file(self, image_id: str) -> Path:
        """The image's file, where it is; else where it should be."""
        places = list(self._places(image_id))
        if not places:
            unread = "".join(f" ({reason})" for reason in self._unread)
            raise DataError(
                f"{image_id!r} is not an image of CIRR: no file in {self.root / 'image_splits'} lists it{unread}."
            )
        return next((path for path in places if path.is_file()), places[0])

    def provenance(self) -> Mapping[str, str]:
        """Digests of the annotation files that are read, and which file the training triplets come from."""
        files = [*(captions_file(self.root, split) for split in SPLITS), *(split_file(self.root, s) for s in SPLITS)]
        facts = {}
        if self._derived:
            files.append(derived_file(self.root))
            facts["train"] = f"{derived_file(self.root).name}, since {captions_file(self.root, 'train').name} is absent"
        return facts | {path.name: file_digest(path) for path in files if path.is_file()}

    @property
    def _derived(self) -> bool:
        return not captions_file(self.root, "train").is_file() and derived_file(self.root).is_file()

    def _read_records(self, split: str) -> list[CIRRRecord]:
        _check_split(split)
        path = captions_file(self.root, split)
        if split != "train":
            records, listed = read_captions(path, hidden_targets=split == HIDDEN), split_file(self.root, split)
            if listed.is_file():
                check_listed(path, records, self._split(split).keys(), listed)
            return records
        if self._derived:
            return read_derived(derived_file(self.root))
        if not path.is_file():
            raise DataError(
                f"{path} is missing, and so is derived/{derived_file(self.root).name}; copy the first from {SOURCE}."
            )
        return read_captions(path, hidden_targets=False)

    def _read_split(self, split: str) -> dict[str, PurePosixPath]:
        _check_split(split)
        return read_split(split_file(self.root, split))

    @property
    def _listed(self) -> Mapping[str, PurePosixPath]:
        """The relative path of every image of the split files that can be read."""
        return self._lists[0]

    @property
    def _unread(self) -> Sequence[str]:
        """Why others cannot be: that concerns their images alone, and is an error where their split is asked for."""
        return self._lists[1]

    @cached_property
    def _lists(self) -> tuple[Mapping[str, PurePosixPath], Sequence[str]]:
        paths: dict[str, PurePosixPath] = {}
        unread = []
        for split in SPLITS:
            file = split_file(self.root, split)
            if not file.is_file():
                continue
            try:
                listed = self._split(split)
            except DataError as error:
                unread.append(str(error).rstrip("."))
                continue
            for name, path in listed.items():
                if paths.setdefault(name, path) != path:
                    raise DataError(f"{file}: another split file has another path for {name}.")
        return paths, unread

    def _places(self, image_id: str) -> Iterator[Path]:
        """Where the image may lie, the official place first; none for a name that no split file lists."""
        listed = self._listed.get(image_id)
        if listed is None:
            return
        folders = dict.fromkeys([listed.parent, PurePosixPath(*listed.parts[:-1][:1]), PurePosixPath()])
        for base in FOLDERS:
            for folder in folders:
                yield image_file(self.root / base / folder / listed.name)


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise DataError(f"CIRR has no split {split!r}; {did_you_mean(split, SPLITS)}")
