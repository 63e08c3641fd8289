"""The indexes that are served, and their images by an id that says nothing about the file."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cir_bench.errors import DataError
from cir_bench.inference.explain import ShownExplanation
from cir_bench.search.engine import Engine
from cir_bench.search.gallery import Gallery
from cir_bench.search.vectors.recall import ApproximateSearch
from cir_bench.utils.files import inside


@dataclass(frozen=True)
class Photo:
    """An image of an index."""

    id: str
    root: Path
    name: str
    """Its path below ``root``."""
    digest: str
    """Of its content when it was indexed."""

    @property
    def path(self) -> Path:
        """The whole path, as the gallery names it."""
        return self.root / self.name


@dataclass(frozen=True, eq=False)
class Served:
    """One index: who answers, and what is searched. Its queries are answered one at a time."""

    label: str
    engine: Engine
    root: Path
    gallery: Gallery
    approximate: ApproximateSearch | None = None
    """How it is searched; None: every image is scored."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def search(self, image: Path, text: str, k: int) -> list[tuple[str, float]]:
        """The ids and scores of the k best images, best first."""
        with self.lock:
            hits = self.engine.search(self.gallery, image, text, k)
        digest_of = self.gallery.digest_of
        return [(photo_id(hit.image, digest_of[hit.image]), hit.score) for hit in hits]

    def explain(self, image: Path, text: str) -> list[ShownExplanation]:
        """What the method shows of how a query came about."""
        with self.lock:
            return self.engine.explain(self.gallery, image, text)


class Library:
    """All images of some indexes; those of several are listed once."""

    def __init__(self, served: Sequence[Served], *, follow_links: bool = False) -> None:
        self.served = tuple(served)
        self._follow_links = follow_links
        self._photos: dict[str, Photo] = {}
        for one in served:
            for photo in _photos(one):
                self._photos.setdefault(photo.id, photo)
        self._sorted = sorted(self._photos.values(), key=lambda photo: photo.name)

    def __len__(self) -> int:
        return len(self._photos)

    def photo(self, identity: str) -> Photo | None:
        """The image of an id."""
        return self._photos.get(identity)

    def file(self, identity: str) -> Path | None:
        """The file of an image; None if there is none, or if it has come to lie outside the indexed folder."""
        photo = self._photos.get(identity)
        if photo is None:
            return None
        try:
            path = inside(photo.root, photo.name, follow_links=self._follow_links)
        except DataError:
            return None
        return path if path.is_file() else None

    def page(self, start: int, count: int, words: str = "") -> tuple[list[Photo], int]:
        """Some of the images whose names have all ``words``, by name, and how many there are."""
        wanted = words.casefold().split()
        found = [one for one in self._sorted if all(word in one.name.casefold() for word in wanted)]
        return found[start : start + count], len(found)


def photo_id(path: str, digest: str) -> str:
    """An id by place and content, so that what is shown under it never changes."""
    return hashlib.blake2b(f"{path}\0{digest}".encode(), digest_size=12).hexdigest()


def _photos(served: Served) -> Iterator[Photo]:
    for path, digest in zip(served.gallery.names, served.gallery.digests, strict=True):
        yield Photo(photo_id(path, digest), served.root, Path(path).relative_to(served.root).as_posix(), digest)
