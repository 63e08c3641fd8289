"""`Folder`: the user's own images and relative captions as a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cir_bench import Context, DataError, FileDataset, Query, Triplet
from cir_bench.utils import evaluated_split, file_digest
from cir_bench_folder import FolderParams
from cir_bench_folder.lines import GALLERY, TRIPLETS, read_gallery, read_triplets

AUTO = "auto"
TRAIN = "train"


class Folder(FileDataset):
    """Images and triplets below a folder; split names are free but for ``train``.

    A query's candidates are the images of its split. Query ids are those of ``triplets.jsonl``, image ids those of
    ``gallery.jsonl``. A training line with several targets is as many triplets. A folder with images of ``train``
    alone, which methods may learn from without triplets, needs no ``triplets.jsonl``.
    """

    def __init__(self, params: FolderParams, context: Context) -> None:
        self.root = Path(params.path).expanduser()
        if not self.root.is_dir():
            raise DataError(f"{self.root} is not a folder; name one that contains {GALLERY} and {TRIPLETS}.")
        gallery = read_gallery(self.root, follow_links=context.follow_links)
        unlabelled = not (self.root / TRIPLETS).exists() and all(line.split == TRAIN for line in gallery)
        self._triplets = [] if unlabelled else read_triplets(self.root, gallery)
        self._files = {line.image: line.file for line in gallery}
        self._captions = {line.image: line.caption for line in gallery}
        self._galleries: dict[str, list[str]] = {}
        for line in gallery:
            self._galleries.setdefault(line.split, []).append(line.image)
        self._split = params.split

    def train(self) -> Sequence[Triplet]:
        """The lines of split ``train``, once for every target; empty when there is no such split."""
        return [
            Triplet(line.reference, line.captions, target)
            for line in self._triplets
            if line.split == TRAIN
            for target in line.targets
        ]

    def unlabelled_images(self) -> Sequence[str]:
        """The images of split ``train``, whether a triplet has them or not."""
        return self._galleries.get(TRAIN, [])

    def queries(self, split: str) -> Sequence[Query]:
        """The lines of ``split`` (``auto``: the evaluated split), in the file's order."""
        split = self.evaluated(split)
        return [
            Query(line.query_id, line.reference, line.captions, line.targets, tags=line.tags)
            for line in self._triplets
            if line.split == split
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The images of ``split`` (``auto``: the evaluated split), in the file's order."""
        return self._galleries[self.evaluated(split)]

    def evaluated(self, split: str = AUTO) -> str:
        """The split that ``split`` means: itself, or for ``auto`` the one that the parameters choose."""
        there = (line.split for line in self._triplets)
        return evaluated_split(split, there, self._split, self.root / TRIPLETS)

    def side_text(self, image_id: str) -> str | None:
        """The image's ``caption`` in ``gallery.jsonl``."""
        return self._captions.get(image_id)

    def provenance(self) -> Mapping[str, str]:
        """Digests of the annotation files and, if there are queries, the evaluated split."""
        files = {name: file_digest(self.root / name) for name in (GALLERY, TRIPLETS) if (self.root / name).exists()}
        return files | ({"split": self.evaluated()} if any(line.split != TRAIN for line in self._triplets) else {})

    def file(self, image_id: str) -> Path:
        """The image's file."""
        path = self._files.get(image_id)
        if path is None:
            raise DataError(f"{self.root / GALLERY} has no image {image_id!r}.")
        return path
