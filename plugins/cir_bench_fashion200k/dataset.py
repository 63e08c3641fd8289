"""`Fashion200k`: label files, test queries and images in the official layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from cir_bench import Context, DataError, FileDataset, NoParams, Query, Triplet
from cir_bench.utils import did_you_mean, file_digest, image_file, inside
from cir_bench_fashion200k.captions import change
from cir_bench_fashion200k.labels import CATEGORIES, SPLITS, TEST_QUERIES, label_file, read_labels, read_queries
from cir_bench_fashion200k.pairs import CaptionPairs

DERIVED = "test-derived"
TEST_SPLITS = ("test", DERIVED)
DERIVED_SEED = 0
"""Of the pairs of ``test-derived``; another one would be another split."""


class Fashion200k(FileDataset):
    """Fashion200k below ``<data root>/fashion200k``: ``labels/``, ``test_queries.txt``, images as the labels name them.

    ``labels/{category}_{train,test}_detect_all.txt`` has the lines ``path <tab> detection score <tab> caption``,
    ``test_queries.txt`` the lines ``source path <space> target path``. Either split's labels do without the other's.

    Image ids are the paths in the label files (``women/dresses/…/57996836_9.jpeg``). Training triplets are drawn anew
    every epoch: see `CaptionPairs`. Query ids of split ``test`` are the line numbers, from 1, in ``test_queries.txt``;
    every image whose clean caption equals the target's is a target. Split ``test-derived`` needs no such file: each
    test image whose caption has a partner one word apart is the reference of one query, drawn as in training, once and
    for all; its id is ``derived-`` and the reference's path.
    """

    def __init__(self, params: NoParams, context: Context) -> None:
        if context.data_root is None:
            raise DataError("Fashion200k is read from files: pass --data-root DIR, the folder with fashion200k/ in it.")
        self.root = context.data_root / "fashion200k"
        if not self.root.is_dir():
            raise DataError(f"{self.root} is missing; put labels/, {TEST_QUERIES} and the images' folder women/ there.")
        self._follow_links = context.follow_links
        # one cache per object: files are read once
        self._labels = lru_cache(maxsize=None)(lambda split: read_labels(self.root, split))

    def train(self) -> Sequence[Triplet]:
        """One draw of as many triplets as there are training images, 172,049."""
        return self._train.draw(0, 0)

    def sampler(self) -> CaptionPairs:
        """Draws the triplets of every epoch."""
        return self._train

    def queries(self, split: str) -> Sequence[Query]:
        """33,480 queries of ``test``, in the order of the lines; those of ``test-derived`` in that of the labels."""
        _check_split(split)
        captions = self._labels("test")
        if split == DERIVED:
            return [
                Query(f"derived-{pair.reference}", pair.reference, pair.captions, pair.hits)
                for pair in self._test.draw_once(DERIVED_SEED)
            ]
        alike: dict[str, list[str]] = {}
        for image, caption in captions.items():
            alike.setdefault(caption, []).append(image)
        hits = {caption: tuple(images) for caption, images in alike.items()}  # one tuple for all queries
        return [
            Query(str(number), source, (change(captions[source], captions[target]),), hits[captions[target]])
            for number, source, target in read_queries(self.root, captions.keys())
        ]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """All 29,789 images of the test labels: dresses, jackets, pants, skirts, tops."""
        _check_split(split)
        return list(self._labels("test"))

    def has(self, image_id: str) -> bool:
        """Whether it is a labelled image whose file is there; `DataError` for a broken label file."""
        return self.side_text(image_id) is not None and self.file(image_id).is_file()

    def file(self, image_id: str) -> Path:
        """The image's file, which may be absent; `DataError` when the data set has no such image."""
        if self.side_text(image_id) is None:
            raise DataError(f"{image_id!r} is not listed in the label files in {self.root / 'labels'}.")
        top, _, rest = image_id.partition("/")
        # women/ may be a symbolic link to another disk
        root, name = (self.root / top, rest) if top.isidentifier() and rest else (self.root, image_id)
        found = image_file(inside(root, name, follow_links=self._follow_links))
        return inside(root, found.relative_to(root).as_posix(), follow_links=self._follow_links)

    def side_text(self, image_id: str) -> str | None:
        """The image's clean caption (VAL's L_vs)."""
        found = (self._labels(split).get(image_id) for split in self._labelled)
        return next((caption for caption in found if caption is not None), None)

    def provenance(self) -> Mapping[str, str]:
        """Digests of the label files and of ``test_queries.txt``, if they exist."""
        files = [label_file(self.root, category, split) for split in SPLITS for category in CATEGORIES]
        return {path.name: file_digest(path) for path in [*files, self.root / TEST_QUERIES] if path.is_file()}

    @cached_property
    def _labelled(self) -> list[str]:
        """The splits whose label files are there: whoever only evaluates may have those of test alone."""
        return [split for split in SPLITS if all(label_file(self.root, name, split).is_file() for name in CATEGORIES)]

    @cached_property
    def _train(self) -> CaptionPairs:
        return CaptionPairs(self._labels("train"))

    @cached_property
    def _test(self) -> CaptionPairs:
        return CaptionPairs(self._labels("test"))


def _check_split(split: str) -> None:
    if split not in TEST_SPLITS:
        raise DataError(f"Fashion200k has no split {split!r} to evaluate; {did_you_mean(split, TEST_SPLITS)}")
