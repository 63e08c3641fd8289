"""The lists of domain conversion: lines of a path, a domain and a class; errors name file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cir_bench import DataError
from cir_bench.utils import missing_file, read_bounded

SOURCE = "data/ of https://github.com/NikosEfth/freedom"
LABELS = ("cartoon", "origami", "toy", "sculpture")
"""Domains of ImageNet-R by label // 1000."""
PHOTO, PHOTOS = "photo", 6
"""The domain of the query photos, and its label // 1000 in the list of targets."""
PER_DOMAIN = 1000
MOST_BYTES = 64 * 2**20


class Item(NamedTuple):
    """An image of a list; its path is its id."""

    path: str
    domain: str
    kind: str
    """Its class."""


def read_items(path: Path) -> list[Item]:
    """Lines ``PATH DOMAIN CLASS`` (FreeDom); paths may contain spaces.

    `DataError` if the file is missing, a line is another, or a path occurs twice.
    """
    items = []
    for where, line in _lines(path):
        parts = line.rsplit(maxsplit=2)
        if len(parts) != 3:
            raise DataError(f"{where} must be a path, a domain and a class, not {line!r:.80}.")
        items.append(Item(*parts))
    return _each_once(path, items)


def read_labels(path: Path, *, queries: bool) -> list[Item]:
    """Lines ``PATH LABEL`` of Pic2Word's ImageNet-R: a label is domain · 1000 + class; of queries, the class alone.

    `DataError` as of `read_items`, and for a label that stands for no domain.
    """
    items = []
    for where, line in _lines(path):
        name, _, label = line.rpartition(" ")
        if not name.strip() or not (label.isascii() and label.isdigit()):
            raise DataError(f"{where} must be a path and a label, not {line!r:.80}.")
        number, kind = divmod(int(label), PER_DOMAIN)
        domains = {PHOTOS: PHOTO, **dict(enumerate(LABELS))}
        domain = PHOTO if queries and number == 0 else None if queries else domains.get(number)
        if domain is None:
            raise DataError(f"{where} has the label {label}, which stands for no domain of ImageNet-R.")
        items.append(Item(name.strip(), domain, str(kind)))
    return _each_once(path, items)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines that are not empty, and where they are."""
    if not path.is_file():
        raise DataError(f"{missing_file(path, f'copy {SOURCE} there')}.")
    try:
        text = read_bounded(path, MOST_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield f"{path}, line {number},", line.strip()


def _each_once(path: Path, items: list[Item]) -> list[Item]:
    seen: set[str] = set()
    for item in items:
        if item.path in seen:
            raise DataError(f"{path} lists {item.path} more than once; copy the file again.")
        seen.add(item.path)
    return items
