"""The label files and the list of test queries: read and checked; errors name file and line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from cir_bench import DataError
from cir_bench.utils import missing_file
from cir_bench_fashion200k.captions import clean

CATEGORIES = ("dress", "jacket", "pants", "skirt", "top")
SPLITS = ("train", "test")
TEST_QUERIES = "test_queries.txt"


_PATH = re.compile(r"[^/\\\s:\0][^\\\0]*")


def label_file(root: Path, category: str, split: str) -> Path:
    """The labels of a category and split."""
    return root / "labels" / f"{category}_{split}_detect_all.txt"


def read_labels(root: Path, split: str) -> dict[str, str]:
    """Clean caption by image path, of all categories one after the other, in the order of the lines.

    Raises:
        DataError: a file is missing, a line is not ``path <tab> detection score <tab> caption``, a path is none inside
            the data set's folder, or an image has two captions.
    """
    captions: dict[str, str] = {}
    for category in CATEGORIES:
        path = label_file(root, category, split)
        for number, line in _lines(path):
            name, _, rest = line.partition("\t")
            _, tab, caption = rest.partition("\t")
            image = name.strip().replace("\\", "/")
            if not tab or not image or not caption.strip():
                raise DataError(f"{path}, line {number}: 'path <tab> detection score <tab> caption' was expected.")
            if not _PATH.fullmatch(image) or ".." in image.split("/"):
                raise DataError(f"{path}, line {number}: {image!r:.100} must be a path such as women/dresses/a.jpeg.")
            if captions.setdefault(image, clean(caption)) != clean(caption):
                raise DataError(f"{path}, line {number}: {image} has another caption already; remove one of the two.")
    return captions


def read_queries(root: Path, images: Collection[str]) -> list[tuple[int, str, str]]:
    """Line number (from 1), source and target of every line of ``test_queries.txt``.

    Raises:
        DataError: the file is missing, or a line does not hold two images of the test split.
    """
    path = root / TEST_QUERIES
    queries = []
    for number, line in _lines(path):
        pair = line.replace("\\", "/").split()
        if len(pair) != 2 or not all(image in images for image in pair):
            raise DataError(f"{path}, line {number}: two images of the test labels were expected, not {line!r:.100}.")
        queries.append((number, pair[0], pair[1]))
    return queries


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except FileNotFoundError as error:
        if path.name == TEST_QUERIES:
            remedy = "TIRG's authors offer it; or use fashion200k/test-derived, which makes queries from the labels"
        else:
            remedy = "https://github.com/xthan/fashion-200k says where the labels are"
        raise DataError(f"{missing_file(path, remedy)}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8 ({error}); download it again.") from error
