"""A data set as the rows of three tables: triplets, queries, gallery.

``triplets``: as `Triplet`. ``queries``: as `Query`. ``gallery``: every image of a split once: ``parts`` and ``places``
say in which parts' candidate lists it is and where (nowhere, for a reference outside of them and for images of train),
``side_text`` is its own description, ``image`` its file's bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.dataset import Dataset, Query

if TYPE_CHECKING:
    from datasets import Features

ParquetRow = dict[str, Any]
Watcher = Callable[[Iterable[Any], int, str], Iterator[Any]]
"""Passes items on and shows the progress: (items, how many, what they are)."""
TRIPLETS, QUERIES, GALLERY = "triplets", "queries", "gallery"


def split_name(split: str) -> str:
    """The name of a split in the files: `datasets` allows no hyphen, so it becomes two underscores."""
    name = split.replace("-", "__")
    if "__" in split or not re.fullmatch(r"\w+(\.\w+)*", name):
        raise ConfigError(f"the split {split!r} must be of letters, digits, -, _ and . to be written; rename it.")
    return name


def features(table: str, *, images: bool = True) -> Features:
    """The columns of a table, as `datasets` describes them; `images=False`: a gallery without pixels."""
    from datasets import Features, Image, Value

    text, texts = Value("string"), [Value("string")]
    columns: dict[str, dict[str, Any]] = {
        TRIPLETS: {"reference": text, "captions": texts, "target": text, "part": text, "hits": texts},
        QUERIES: {
            "id": text,
            "reference": text,
            "captions": texts,
            "targets": texts,
            "part": text,
            "subset": texts,
            "gains": [{"image": text, "gain": Value("float64")}],
            "tags": texts,
            "context": [{"name": text, "text": text}],
            "further_references": texts,
            "negatives": texts,
            "group": text,
        },
        GALLERY: {"image_id": text, "parts": texts, "places": [Value("int64")], "side_text": text},
    }
    return Features(columns[table] | ({"image": Image()} if table == GALLERY and images else {}))


def query_row(query: Query) -> ParquetRow:
    """A row of ``queries``."""
    return vars(query) | {
        "gains": [{"image": image, "gain": gain} for image, gain in query.gains.items()],
        "context": [{"name": name, "text": text} for name, text in query.context.items()],
    }


@dataclass(frozen=True)
class GalleryImage:
    """An image of a split, and its places in the candidate lists."""

    id: str
    parts: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


def gallery_images(dataset: Dataset, split: str, queries: Sequence[Query]) -> list[GalleryImage]:
    """Every image of an evaluation split: the candidates, part by part, then other images that the queries name."""
    images: dict[str, GalleryImage] = {}
    for part in dataset.parts:
        for place, name in enumerate(dataset.gallery(split, part)):
            image = images.setdefault(name, GalleryImage(name))
            image.parts.append(part)
            image.places.append(place)
    for query in queries:
        named = (query.reference, *query.further_references, *query.targets, *query.subset, *query.gains)
        for name in filter(None, (*named, *query.negatives)):  # not NO_TARGET
            images.setdefault(name, GalleryImage(name))
    return list(images.values())


@dataclass
class Faults:
    """Images that could not be written: ids of the missing ones, and the reason for each unreadable one."""

    missing: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.missing or self.unreadable)


def gallery_rows(dataset: Dataset, images: Iterator[GalleryImage], faults: Faults | None) -> Iterator[ParquetRow]:
    """Rows of ``gallery``: without pixels if ``faults`` is None, otherwise every image is decoded once to check it.

    An image that is missing or cannot be decoded keeps its row, without pixels, and is noted in ``faults``.
    """
    for image in images:
        row: ParquetRow = {"image_id": image.id, "parts": image.parts, "places": image.places}
        row["side_text"] = dataset.side_text(image.id)
        if faults is not None:
            row["image"] = pixels(dataset, image.id, faults)
        yield row


def pixels(dataset: Dataset, image_id: str, faults: Faults) -> ParquetRow | None:
    """An image's file, or a PNG of it: its ``bytes``, and its name as ``path``; None, and a fault, if there is none."""
    if not dataset.has(image_id):
        faults.missing.append(image_id)
        return None
    try:
        picture, path = dataset.open(image_id), dataset.file(image_id)
    except DataError as error:
        faults.unreadable[image_id] = str(error)
        return None
    if path is not None:
        return {"bytes": path.read_bytes(), "path": path.name}
    data = io.BytesIO()
    picture.save(data, "PNG")
    return {"bytes": data.getvalue(), "path": f"{image_id}.png"}
