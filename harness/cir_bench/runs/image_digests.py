"""`ImageDigests`: digests of a data set's images, computed again only for files that changed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cir_bench.atomic import replacing
from cir_bench.interfaces.dataset import Dataset, ImageRef

Stamp = tuple[int, int, int, int]
"""Size, time of modification, inode and time of change (in ns): the last tells a file whose mtime was set back."""
FRESH = 2 * 10**9
"""A file that changed less than this long ago (in ns) may change again with the same times; it is not remembered."""


class ImageDigests:
    """Those of files are kept in ``index``, which processes share: it is replaced whole, and a damaged one is ignored.

    Images that are no files have their digests computed by the data set every time.
    """

    def __init__(self, dataset: Dataset, index: Path) -> None:
        self._dataset, self._index = dataset, index
        self._known: dict[str, tuple[Stamp, str]] | None = None
        self._new: dict[str, tuple[Stamp, str]] = {}

    def of(self, image: str) -> str:
        """The digest of an image as it is now."""
        path = self._dataset.file(image)
        if path is None:
            return self._dataset.digest(image)
        if self._known is None:
            self._known = _read(self._index)
        try:
            stat = os.stat(path)
        except OSError:
            return self._dataset.digest(image)  # which says what is wrong
        stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)
        known = self._known.get(image)
        if known is not None and known[0] == stamp:
            return known[1]
        started = time.time_ns()
        digest = self._dataset.digest(image)
        if started - max(stat.st_mtime_ns, stat.st_ctime_ns) > FRESH:
            self._known[image] = self._new[image] = stamp, digest
        return digest

    def save(self) -> None:
        """Keep what was computed for other processes; without it, the next run only takes longer."""
        if self._new:
            with suppress(OSError):
                _write(self._index, {**_read(self._index), **self._new})
                self._new = {}


@dataclass(frozen=True)
class IndexedRef(ImageRef):
    """A reference that looks digests up."""

    digests: ImageDigests

    def digest(self) -> str:
        """Hex digest of the image's content."""
        return self.digests.of(self.id)


def digest_of_all(digests: Iterable[tuple[str, str]]) -> str:
    """One digest of images with their digests, in any order."""
    lines = sorted(f"{image}\x1f{digest}\n" for image, digest in digests)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _read(index: Path) -> dict[str, tuple[Stamp, str]]:
    """The first line is a checksum of the rest."""
    try:
        checksum, _, body = index.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return {}
        return {image: (tuple(entry[:4]), entry[4]) for image, entry in json.loads(body).items()}
    except (OSError, ValueError):
        return {}


def _write(index: Path, entries: Mapping[str, tuple[Stamp, str]]) -> None:
    body = json.dumps({image: [*stamp, digest] for image, (stamp, digest) in entries.items()}).encode()
    with replacing(index) as temporary:
        temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
