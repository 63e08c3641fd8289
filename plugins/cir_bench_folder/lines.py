"""``gallery.jsonl`` and ``triplets.jsonl``: read and checked; errors name file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cir_bench import DataError
from cir_bench.utils import image_file, inside, parse_json

LONGEST_LINE = 10_000_000

GALLERY = "gallery.jsonl"
TRIPLETS = "triplets.jsonl"


@dataclass(frozen=True)
class GalleryLine:
    """``{"image", "split", "file", "caption" (optional)}``."""

    image: str
    split: str
    file: Path
    caption: str | None


@dataclass(frozen=True)
class TripletLine:
    """``{"query_id", "split", "reference", "text", "targets", "tags" (optional)}``; text: a string or a list."""

    number: int
    query_id: str
    split: str
    reference: str
    captions: tuple[str, ...]
    targets: tuple[str, ...]
    tags: tuple[str, ...]


def read_gallery(root: Path, *, follow_links: bool = False) -> list[GalleryLine]:
    """All lines of ``gallery.jsonl``; ``follow_links`` as of `inside`.

    Raises:
        DataError: the file is missing or not JSON lines, a key is missing or of another kind, a file leads outside the
            folder, or an image is listed twice in a split or with two files.
    """
    lines: list[GalleryLine] = []
    places: dict[tuple[str, str], int] = {}
    files: dict[str, Path] = {}
    for place in _objects(root / GALLERY):
        line = GalleryLine(
            place.text("image"),
            place.text("split"),
            place.file(root, follow_links),
            place.text("caption", optional=True) or None,
        )
        first = places.setdefault((line.split, line.image), place.number)
        if first != place.number:
            raise place.error(f"the image {line.image!r} is already in line {first}; remove one of the two")
        if files.setdefault(line.image, line.file) != line.file:
            raise place.error(f"the image {line.image!r} has another file in another split; give it another name")
        lines.append(line)
    return lines


def read_triplets(root: Path, gallery: list[GalleryLine]) -> list[TripletLine]:
    """All lines of ``triplets.jsonl``, checked against the gallery.

    Raises:
        DataError: the file is missing or not JSON lines, a key is missing or of another kind, a query id or a target is
            repeated, there is no target, or an image is not in the gallery of the line's split.
    """
    known: dict[str, set[str]] = {}
    for there in gallery:
        known.setdefault(there.split, set()).add(there.image)
    lines: list[TripletLine] = []
    places: dict[str, int] = {}
    for place in _objects(root / TRIPLETS):
        line = TripletLine(
            place.number,
            place.text("query_id"),
            place.text("split"),
            place.text("reference"),
            place.texts("text", one=True),
            place.texts("targets"),
            place.texts("tags", optional=True),
        )
        first = places.setdefault(line.query_id, place.number)
        if first != place.number:
            raise place.error(f"the query id {line.query_id!r} is already in line {first}; use another one")
        if not line.targets or not line.captions:
            raise place.error(f"{'targets' if line.captions else 'text'!r} is empty; give at least one")
        if len(set(line.targets)) != len(line.targets):
            raise place.error("'targets' lists an image more than once; remove the repetition")
        for image in (line.reference, *line.targets):
            if image not in known.get(line.split, ()):
                others = [split for split, images in known.items() if image in images]
                where = f" (it has it in {', '.join(map(repr, others))})" if others else ""
                raise place.error(f"{GALLERY} has no image {image!r} in split {line.split!r}{where}; add it there")
        lines.append(line)
    return lines


@dataclass(frozen=True)
class _Line:
    """One JSON object and its place."""

    path: Path
    number: int
    values: dict[str, Any]

    def error(self, what: str) -> DataError:
        return DataError(f"{self.path}, line {self.number}: {what}.")

    def text(self, key: str, *, optional: bool = False) -> str:
        value = self.values.get(key)
        if value is None and optional:
            return ""
        if not isinstance(value, str) or not (value or optional):
            raise self.error(f"{key!r} must be a {'' if optional else 'non-empty '}string, {self._instead(key)}")
        return value

    def texts(self, key: str, *, one: bool = False, optional: bool = False) -> tuple[str, ...]:
        value = self.values.get(key)
        if value is None and optional:
            return ()
        if one and isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{key!r} must be {'a string or ' if one else ''}a list of strings, {self._instead(key)}")
        return tuple(value)

    def file(self, root: Path, follow_links: bool) -> Path:
        name = self.text("file")
        try:
            path = inside(root, name, follow_links=follow_links)
            found = image_file(path)
            if found == path:
                return path
            return inside(root, found.relative_to(root).as_posix(), follow_links=follow_links)
        except DataError as error:
            raise self.error(str(error).rstrip(".")) from error

    def _instead(self, key: str) -> str:
        return f"not {self.values[key]!r:.60}" if key in self.values else "but it is missing"


def _objects(path: Path) -> Iterator[_Line]:
    try:
        with path.open(encoding="utf-8-sig") as file:  # some editors begin a file with a byte order mark
            for number, text in enumerate(iter(lambda: file.readline(LONGEST_LINE), ""), start=1):
                if len(text) == LONGEST_LINE:
                    raise DataError(f"{path}, line {number} has more than {LONGEST_LINE:,} characters.")
                if text.strip():
                    yield _object(path, number, text)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror or error}); a folder benchmark needs {GALLERY} and {TRIPLETS}."
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8 ({error}); save it as UTF-8.") from error


def _object(path: Path, number: int, text: str) -> _Line:
    try:
        values = parse_json(text)
        json.dumps(values, ensure_ascii=False).encode()  # half a surrogate pair can be written as JSON, but not as text
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise DataError(f"{path}, line {number}: {half!r} is half of a character; write the whole one.") from error
    except ValueError as error:
        raise DataError(f"{path}, line {number}: not JSON ({error}); write one object per line.") from error
    if not isinstance(values, dict):
        raise DataError(f"{path}, line {number}: {values!r:.60} is not an object; write one object per line.")
    return _Line(path, number, values)
