"""Images that users send: checked, and kept for a while in a folder of their own."""

from __future__ import annotations

import io
import secrets
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
"""The formats that are read. Pillow has others, some of which run programs."""
PREFIX = "u-"


class UploadError(Exception):
    """An image that is not taken; the message is a sentence."""


@dataclass(frozen=True)
class UploadLimits:
    """What is taken and kept."""

    most_bytes: int = 16 * 2**20
    """Of one image."""
    most_pixels: int = 50_000_000
    """Of one image, however small its file is."""
    kept: int = 100
    """Images that are kept; the oldest give way."""


class Uploads:
    """The images are in a temporary folder of this object, which `close` removes."""

    def __init__(self, limits: UploadLimits) -> None:
        self.limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix="cir-bench-serve-")
        self._files: OrderedDict[str, Path] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._files)

    def add(self, data: bytes) -> str:
        """Keep an image; its id. `UploadError` if it is none, or too large."""
        suffix = _checked(data, self.limits)
        identity = PREFIX + secrets.token_hex(16)
        path = Path(self._folder.name, identity + suffix)
        path.write_bytes(data)
        with self._lock:
            self._files[identity] = path
            while len(self._files) > self.limits.kept:
                _, oldest = self._files.popitem(last=False)
                oldest.unlink(missing_ok=True)
        return identity

    def file(self, identity: str) -> Path | None:
        """The file of an image that is still kept; one that is used is kept longer."""
        with self._lock:
            path = self._files.get(identity)
            if path is not None:
                self._files.move_to_end(identity)
            return path

    def close(self) -> None:
        """Remove all of them."""
        with self._lock:
            self._files.clear()
        self._folder.cleanup()


def _checked(data: bytes, limits: UploadLimits) -> str:
    """The suffix of the file's format."""
    if len(data) > limits.most_bytes:
        raise UploadError(f"The image has more than {limits.most_bytes // 2**20} MiB; send a smaller one.")
    too_many = f"The image has more than {limits.most_pixels / 1e6:.0f} million pixels; send a smaller one."
    try:
        with Image.open(io.BytesIO(data), formats=tuple(SUFFIXES)) as image:
            if image.width * image.height > limits.most_pixels:
                raise UploadError(too_many)
            image.load()
            return SUFFIXES[str(image.format)]
    except UploadError:
        raise
    except Image.DecompressionBombError as error:
        raise UploadError(too_many) from error
    except Exception as error:  # decoders raise anything for broken bytes
        raise UploadError("This is not an image that can be read; send a JPEG, PNG or WebP file.") from error
