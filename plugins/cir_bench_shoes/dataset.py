"""`Shoes`: the annotation files of the relative captions, the images of the attribute data set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from cir_bench import Context, DataError, FileDataset, Query, Triplet
from cir_bench.utils import IMAGE_SUFFIXES, did_you_mean, file_digest
from cir_bench_shoes import ShoesParams
from cir_bench_shoes.annotations import (
    DESCRIPTIONS,
    NAMES,
    RELATIVE,
    ShoesRecord,
    read_descriptions,
    read_names,
    read_relative,
)

BOTH_SIDES = "eval-both-sides"
SPLITS = ("eval", BOTH_SIDES)
FOLDERS = ("attributedata", "images")
"""Hold the images, however deep; ``womens_*`` folders and images may lie in the root, too."""


class Shoes(FileDataset):
    """Shoes below ``<data root>/shoes``: three annotation files, and the images in the attribute data set's folders.

    A triplet belongs to the split of its images. Query ids are ``shoes-8619``: the index in
    ``relative_captions_shoes.json``. Image ids are file names; an image may lie anywhere below ``attributedata/``,
    ``images/`` or a ``womens_*`` folder (symbolic links are followed), which are walked through once, when the first
    image is asked for, or in the root itself.

    Split ``eval-both-sides`` is how VAL and CLVC-Net list the queries: for each image of the split, every triplet in
    which it is the target or the reference. So each triplet is there twice, reference and text unchanged, as
    ``shoes-17-a`` (for its target) and ``shoes-17-b`` (for its reference); but once, as ``-a``, where reference and
    target are one image: 2 × 1,761 - 1 = 3,521 (train: 2 × 8,990 - 26 = 17,954).
    """

    def __init__(self, params: ShoesParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("Shoes is read from files: pass --data-root DIR, the folder that contains shoes/.")
        self.root = context.data_root / "shoes"
        if not self.root.is_dir():
            raise DataError(
                f"{self.root} is missing; put {RELATIVE}, {', '.join(NAMES.values())} and the images there."
            )
        self._params = params

    def train(self) -> Sequence[Triplet]:
        """8,990 triplets in the file's order, or 17,954 with ``sides=both``."""
        sides = [_sides(record) if self._params.sides == "both" else [""] for record in self._records["train"]]
        return [
            Triplet(record.reference, (record.caption,), record.target)
            for record, listed in zip(self._records["train"], sides, strict=True)
            for _ in listed
        ]

    def queries(self, split: str) -> Sequence[Query]:
        """1,761 queries of ``eval``, or 3,521 of ``eval-both-sides``, in the file's order."""
        _check_split(split)
        return [
            Query(f"shoes-{record.index}{side}", record.reference, (record.caption,), (record.target,))
            for record in self._records["eval"]
            for side in (_sides(record) if split == BOTH_SIDES else [""])
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The 4,658 names of ``eval_im_names.txt``."""
        _check_split(split)
        return self._names["eval"]

    def has(self, image_id: str) -> bool:
        """Whether the image was found in the folders; without looking for similar names, as :meth:`file` does."""
        return image_id in self._files

    def file(self, image_id: str) -> Path:
        """The image's file; `DataError` when it was not found in the folders."""
        path = self._files.get(image_id)
        if path is None:
            what = (
                "is missing"
                if image_id in {*self._names["train"], *self._names["eval"]}
                else "is not an image of Shoes"
            )
            same = sorted(name for name in self._walked if name.startswith(Path(image_id).stem))
            near = same[:3] or get_close_matches(image_id, self._walked, cutoff=0.7)
            similar = f" (similar names: {', '.join(near)})" if near else ""
            raise DataError(
                f"{image_id!r} {what}; looked in {self.root} and its {', '.join(FOLDERS)} and womens_*{similar}."
            )
        return path

    def side_text(self, image_id: str) -> str | None:
        """The image's caption in ``captions_shoes.json``, where that file is there (VAL's pre-training reads it)."""
        return self._descriptions.get(image_id)

    def provenance(self) -> Mapping[str, str]:
        """Digests of the annotation files that exist."""
        files = [self.root / name for name in (RELATIVE, *NAMES.values(), DESCRIPTIONS)]
        return {path.name: file_digest(path) for path in files if path.is_file()}

    @cached_property
    def _names(self) -> Mapping[str, list[str]]:
        names = {split: read_names(self.root / file) for split, file in NAMES.items()}
        shared = set(names["train"]).intersection(names["eval"])
        if shared:
            raise DataError(
                f"{self.root}: the image {min(shared)!r} is in both {' and '.join(NAMES.values())}; remove it from one."
            )
        return names

    @cached_property
    def _records(self) -> Mapping[str, list[ShoesRecord]]:
        """The triplets of each split."""
        splits = {name: split for split, names in self._names.items() for name in names}
        records: dict[str, list[ShoesRecord]] = {split: [] for split in NAMES}
        for record in read_relative(self.root / RELATIVE):
            sides = [splits.get(record.target), splits.get(record.reference)]
            if sides[0] is None or sides[0] != sides[1]:
                raise DataError(
                    f"{self.root / RELATIVE}, record {record.index}: {record.reference} and {record.target} are not "
                    f"both in {' or both in '.join(NAMES.values())}; download the three files again."
                )
            records[sides[0]].append(record)
        return records

    @cached_property
    def _descriptions(self) -> Mapping[str, str]:
        path = self.root / DESCRIPTIONS
        return read_descriptions(path) if path.is_file() else {}

    @cached_property
    def _files(self) -> Mapping[str, Path]:
        """The file of every image of the splits that exists; if there are several, the first by folder.

        A file with another suffix is used if there is none of the image's own name.
        """
        wanted = {name for names in self._names.values() for name in names}
        stems = {Path(name).stem: name for name in wanted}
        exact: dict[str, Path] = {}
        renamed: dict[str, Path] = {}
        tops = sorted([*(self.root / name for name in FOLDERS), *self.root.glob("womens_*")])
        walked = (folder for top in tops for folder in _folders(top))
        self._walked: set[str] = set()
        for folder, found in (*walked, (self.root, os.listdir(self.root))):
            self._walked.update(found)
            for file in sorted(found):
                stem, suffix = os.path.splitext(file)
                if file in wanted:
                    exact.setdefault(file, folder / file)
                elif stem in stems and suffix.lower() in IMAGE_SUFFIXES:
                    renamed.setdefault(stems[stem], folder / file)
        return renamed | exact


def _folders(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder below, in order, with its files; links are followed, but none back into what was walked."""
    walked: set[Path] = set()
    for folder, subfolders, found in os.walk(top, followlinks=True):
        real = Path(folder).resolve()
        subfolders[:] = sorted(subfolders) if real not in walked else []
        if real not in walked:
            walked.add(real)
            yield Path(folder), found


def _sides(record: ShoesRecord) -> list[str]:
    """Suffixes of the ids under which a triplet is listed: for its target, and for its reference if that is another."""
    return ["-a"] if record.reference == record.target else ["-a", "-b"]


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise DataError(f"Shoes has no split {split!r} to evaluate; {did_you_mean(split, SPLITS)}")
