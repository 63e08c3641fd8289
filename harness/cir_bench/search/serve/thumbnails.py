"""Small pictures of images, made when they are asked for and kept in bounded memory."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from pathlib import Path

from cir_bench.utils.images import read_small

SMALL, LARGE = 320, 1600
"""Longest sides in pixels: of a picture in a grid, and of one looked at alone."""
QUALITY = 84
MOST_BYTES = 64 * 2**20


class Thumbnails:
    """JPEGs without the metadata of the files; those used last are kept."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._left = most_bytes
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, identity: str, path: Path, side: int) -> bytes:
        """The picture of an image; `DataError` if it cannot be decoded."""
        key = identity, side
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        buffer = io.BytesIO()
        read_small(path, side).save(buffer, "JPEG", quality=QUALITY)
        picture = buffer.getvalue()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = picture
                self._left -= len(picture)
            while self._left < 0:
                self._left += len(self._kept.popitem(last=False)[1])
        return picture
