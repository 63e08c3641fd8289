"""An image file without its metadata, for files whose metadata Pillow refuses although the pixels are fine."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

ORIENTATION = 0x0112
"""EXIF's tag of the orientation."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")
_SOI, _SOS = 0xD8, 0xDA
_JPEG_KEPT = (0xE0, 0xEE)
"""The application segments that decide colours: JFIF and Adobe."""


def without_metadata(data: bytes) -> bytes | None:
    """A PNG or JPEG with nothing but what decides its pixels, and its EXIF; None for others or if it cannot be parsed.

    The checksums of what is kept stay as they are: damaged pixels are still refused.
    """
    try:
        if data.startswith(_PNG):
            return _PNG + b"".join(_png_chunks(data))
        if data.startswith(b"\xff\xd8\xff"):
            return b"".join(_jpeg_segments(data))
    except (struct.error, IndexError, zlib.error):
        pass
    return None


def _png_chunks(data: bytes) -> Iterator[bytes]:
    place = len(_PNG)
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if kind in _PNG_KEPT:
            yield data[place:end]
        place = end


def _jpeg_segments(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    place = 2
    while data[place + 1] != _SOS:
        marker = data[place + 1]
        if data[place] != 0xFF or marker == 0xFF:
            raise IndexError
        (length,) = struct.unpack_from(">H", data, place + 2)
        end = place + 2 + length
        metadata = (0xE0 <= marker <= 0xEF and marker not in _JPEG_KEPT) or marker == 0xFE
        if not metadata or data[place + 4 : place + 10] == b"Exif\0\0":
            yield data[place:end]
        place = end
    yield data[place:]
