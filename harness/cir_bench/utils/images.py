"""Image files decoded to RGB."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cir_bench.errors import DataError

_WITH_ALPHA = ("RGBA", "RGBa", "LA", "La", "PA")


def read_image(path: Path) -> Image.Image:
    """Decode an image file to RGB; of an animation, the first frame.

    The EXIF orientation is applied, transparent pixels are put on white, and palettes, grey, CMYK and 16 bits become
    8-bit RGB.

    Raises:
        DataError: the file is missing, empty, truncated, not an image, or above Pillow's decompression bomb limit.
    """
    try:
        return _decode(path)
    except FileNotFoundError as error:
        raise DataError(f"The image {path} is missing.") from error
    except Exception as error:  # decoders raise anything for broken bytes
        raise _undecodable(str(path), path.stat().st_size if path.is_file() else None, error) from error


def decode_image(data: bytes, name: str) -> Image.Image:
    """As `read_image`, for the bytes of a file; ``name`` is for the error message."""
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
