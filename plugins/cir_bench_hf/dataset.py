"""`Hf`: the three tables as a data set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import datasets
from PIL import Image

from cir_bench import Context, DataError, Dataset, Query, Triplet
from cir_bench.utils import decode_image, did_you_mean, evaluated_split
from cir_bench_hf import HfParams
from cir_bench_hf.tables import GALLERY, QUERIES, TRIPLETS, RowOf, cache_of, load_table, place_of

TRAIN = "train"


class _Place(NamedTuple):
    """The place of an image's row."""

    split: str
    row: int
    side_text: str | None


class Hf(Dataset):
    """Triplets, queries and gallery of a Hugging Face data set; ids, parts and splits are its own.

    The original's images come back byte for byte where they were files, pixel for pixel where they were rendered. Which
    images are candidates, whether the reference is one of them, and the metrics, are the protocol's: see
    ``benchmarks/hf.yaml``.
    """

    def __init__(self, params: HfParams, context: Context) -> None:
        self._place, self._revision, self._split = place_of(params.path, params.revision), params.revision, params.split
        self._cache = cache_of(self._place, context.cache_dir)
        self._queries = {split: list(self._read_queries(split, rows)) for split, rows in self._table(QUERIES).items()}
        self.parts = tuple(dict.fromkeys(query.part for queries in self._queries.values() for query in queries)) or (
            "",
        )

    def train(self) -> Sequence[Triplet]:
        """The rows of ``triplets``."""
        return self._train

    def evaluated(self, split: str) -> str:
        """The split that ``split`` means: itself, or for ``auto`` the one that the parameters choose."""
        if not self._queries:
            raise DataError(
                f"{self._place} has no table {QUERIES!r}; its tables are those that README.md's head names."
            )
        return evaluated_split(split, self._queries, self._split, f"the table {QUERIES!r} of {self._place}")

    def queries(self, split: str) -> Sequence[Query]:
        """The rows of ``queries`` in ``split`` (``auto``: the evaluated split)."""
        return self._queries[self.evaluated(split)]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The candidates of a part in ``split`` (``auto``: the evaluated split), in the original's order."""
        galleries = self._galleries[self.evaluated(split)]
        if part not in galleries:
            raise DataError(f"{self._place} has no gallery for part {part!r}; {did_you_mean(part, galleries)}")
        return galleries[part]

    def open(self, image_id: str) -> Image.Image:
        """Decode the image's bytes."""
        return decode_image(self._bytes(image_id), f"{image_id} of {self._place}")

    def has(self, image_id: str) -> bool:
        """Whether there is such a row, with pixels."""
        place = self._places.get(image_id)
        return place is not None and self._pixels(place) is not None

    def digest(self, image_id: str) -> str:
        """Digest of the image's bytes, that of the file it was."""
        return hashlib.blake2b(self._bytes(image_id), digest_size=20).hexdigest()

    def side_text(self, image_id: str) -> str | None:
        """The image's ``side_text``."""
        place = self._places.get(image_id)
        return place.side_text if place is not None else None

    def provenance(self) -> Mapping[str, str]:
        """Digest of the annotations, the evaluated split, and the revision that was asked for."""
        annotations = [
            {split: list(map(_facts, queries)) for split, queries in self._queries.items()},
            [vars(triplet) for triplet in self._train],
            self._galleries,
        ]
        canonical = json.dumps(annotations, sort_keys=True, ensure_ascii=True)
        facts = {"annotations": hashlib.sha256(canonical.encode("ascii")).hexdigest(), "split": self.evaluated("auto")}
        return facts | ({"revision": self._revision} if self._revision else {})

    @cached_property
    def _train(self) -> list[Triplet]:
        return [
            Triplet(row.text("reference"), row.texts("captions"), row.text("target"), _part(row), row.texts("hits"))
            for row in self._rows(TRIPLETS, TRAIN, self._table(TRIPLETS).get(TRAIN))
        ]

    @cached_property
    def _galleries(self) -> dict[str, dict[str, list[str]]]:
        """By split and part."""
        listed = {split: {part: list[tuple[int, str]]() for part in self.parts} for split in self._queries}
        for split, parts in listed.items():
            for row in self._gallery_rows(split):
                for part, place in row.places():
                    parts.setdefault(part, []).append((place, row.text("image_id")))
        return {
            split: {part: [image for _, image in sorted(images)] for part, images in parts.items()}
            for split, parts in listed.items()
        }

    @cached_property
    def _places(self) -> dict[str, _Place]:
        """By image id; an image of several splits is the same in all of them."""
        places: dict[str, _Place] = {}
        for split in self._images:
            seen: set[str] = set()
            for number, row in enumerate(self._gallery_rows(split)):
                image = row.text("image_id")
                if image in seen:
                    raise row.error(f"the image {image!r} is listed twice in split {split!r}; remove one of the rows")
                seen.add(image)
                places.setdefault(image, _Place(split, number, row.optional("side_text")))
        return places

    @cached_property
    def _images(self) -> Mapping[str, datasets.Dataset]:
        """The gallery with its images as bytes: what a row says of a path is never followed."""
        undecoded = datasets.Image(decode=False)
        return {
            split: rows.cast_column("image", undecoded) if "image" in rows.column_names else rows
            for split, rows in self._table(GALLERY).items()
        }

    def _gallery_rows(self, split: str) -> Iterator[RowOf]:
        if split not in self._images:
            raise DataError(f"{self._place} has no gallery in split {split!r}, in which it has queries.")
        rows = self._images[split]
        plain = rows.remove_columns("image") if "image" in rows.column_names else rows
        for number, values in enumerate(plain):
            yield RowOf(f"the table {GALLERY!r} of {self._place}, split {split!r}", number, values)

    def _pixels(self, place: _Place) -> bytes | None:
        rows = self._images[place.split]
        value = rows[place.row]["image"] if "image" in rows.column_names else None
        return value["bytes"] if value else None

    def _bytes(self, image_id: str) -> bytes:
        place = self._places.get(image_id)
        if place is None:
            raise DataError(f"the table {GALLERY!r} of {self._place} has no image {image_id!r}.")
        pixels = self._pixels(place)
        if pixels is None:
            raise DataError(f"the image {image_id!r} of {self._place} has no pixels; it was written without them.")
        return pixels

    def _read_queries(self, split: str, rows: datasets.Dataset) -> Iterator[Query]:
        seen: set[str] = set()
        for row in self._rows(QUERIES, split, rows):
            query = Query(
                id=row.text("id"),
                reference=row.text("reference"),
                captions=row.texts("captions"),
                targets=row.texts("targets"),
                part=_part(row),
                subset=row.texts("subset"),
                gains=row.gains(),
                tags=row.texts("tags"),
                context=row.context(),
                further_references=row.texts("further_references", absent=True),
                negatives=row.texts("negatives", absent=True),
                group=row.text("group", empty=True, absent=True),
            )
            if not query.captions:
                raise row.error("'captions' is empty; give at least one")
            if len(set(query.targets)) != len(query.targets):
                raise row.error("'targets' lists an image more than once; remove the repetition")
            if query.id in seen:
                raise row.error(f"the query id {query.id!r} is used twice; give it another one")
            seen.add(query.id)
            yield query

    def _rows(self, table: str, split: str, rows: datasets.Dataset | None) -> Iterator[RowOf]:
        for number, values in enumerate(rows if rows is not None else ()):
            yield RowOf(f"the table {table!r} of {self._place}, split {split!r}", number, values)

    def _table(self, table: str) -> Mapping[str, datasets.Dataset]:
        return load_table(self._place, table, self._revision, self._cache)


def _facts(query: Query) -> dict[str, object]:
    """Its fields, without those that came later and are empty: so that what was known before keeps its digest."""
    later = ("further_references", "negatives", "group")
    return {name: value for name, value in vars(query).items() if value or name not in later}


def _part(row: RowOf) -> str:
    return row.text("part", empty=True)
