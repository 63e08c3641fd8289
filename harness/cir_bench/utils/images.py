"""Reading image files for data set authors: decoding to RGB, paths that stay inside a root, content digests."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from PIL import Image, ImageOps

from cir_bench.errors import DataError

_WITH_ALPHA = ("RGBA", "RGBa", "LA", "La", "PA")


def read_image(path: Path) -> Image.Image:
    """Decode an image file to RGB, the first frame of an animation.

    The EXIF orientation is applied; transparency lies on white; palettes, grey, CMYK and 16 bit become 8-bit RGB.

    Raises:
        DataError: the file is missing, empty, truncated, no image, or larger than a decompression bomb's threshold.
    """
    try:
        return _decode(path)
    except FileNotFoundError as error:
        raise DataError(f"The image {path} is missing.") from error
    except Exception as error:  # decoders raise whatever the broken bytes lead them to
        raise _undecodable(str(path), path.stat().st_size if path.is_file() else None, error) from error


def decode_image(data: bytes, name: str) -> Image.Image:
    """As `read_image`, of a file's bytes; ``name`` stands in the error's sentence."""
    try:
        return _decode(io.BytesIO(data))
    except Exception as error:  # as above
        raise _undecodable(name, len(data), error) from error


def _decode(source: Path | io.BytesIO) -> Image.Image:
    with Image.open(source) as image:
        image.load()
        return _to_rgb(ImageOps.exif_transpose(image))


def _undecodable(name: str, size: int | None, error: Exception) -> DataError:
    reason = str(error) or type(error).__name__
    what = "is empty (0 bytes)" if size == 0 else f"cannot be decoded ({reason})"
    return DataError(f"The image {name} {what}; replace the file.")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits, which Pillow keeps in 16 or 32; convert() would clip them to 255
        values = np.asarray(image)
        grey = (values.astype(np.float64) / 257).round().clip(0, 255).astype(np.uint8)
        grey[values == image.info.get("transparency", -1)] = 255
        return Image.fromarray(grey).convert("RGB")
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, (255, 255, 255, 255)), layer).convert("RGB")
    if image.mode == "F":
        values = np.nan_to_num(np.asarray(image).astype(np.float64))
        scaled = values * 255 if values.max(initial=0) <= 1 else values
        image = Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8))
    return image.convert("RGB")


def inside(root: Path, relative: str) -> Path:
    """The path of ``relative`` (with ``/`` between folders) below ``root``; the file itself need not exist.

    Raises:
        DataError: ``relative`` is empty or absolute, or leads outside ``root`` by ``..`` or by a symbolic link.
    """
    plain, windows = PurePosixPath(relative), PureWindowsPath(relative)
    escapes = plain.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in relative
    if not plain.parts or escapes:
        raise DataError(f"The file name {relative!r} must be a relative path inside {root}.")
    path = root.joinpath(*plain.parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(f"The file name {relative!r} leads outside {root} by a symbolic link; put the file inside.")
    return path


def file_digest(path: Path) -> str:
    """Hex digest (BLAKE2b, 160 bits) of a file's bytes; `DataError` when it cannot be read."""
    digest = hashlib.blake2b(digest_size=20)
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()
