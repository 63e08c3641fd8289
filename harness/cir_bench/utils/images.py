"""Image files decoded to RGB."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from cir_bench.errors import DataError
from cir_bench.utils.files import missing_file
from cir_bench.utils.image_metadata import ORIENTATION, without_metadata

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WITH_ALPHA = ("RGBA", "RGBa", "LA", "La", "PA")


def read_image(path: Path) -> Image.Image:
    """Decode an image file to RGB; of an animation, the first frame.

    The EXIF orientation is applied, transparent pixels are put on white, and palettes, grey, CMYK and 16 bits become
    8-bit RGB. Other metadata (EXIF, XMP, colour profiles) is not read, and damage to it does not lose
    the pixels.

    Raises:
        DataError: the file is missing, empty, truncated, not an image, or above Pillow's decompression bomb limit.
    """
    try:
        return _decode(path)
    except FileNotFoundError as error:
        raise DataError(f"The image {missing_file(path)}.") from error
    except Exception as error:  # decoders raise anything for broken bytes
        raise _undecodable(str(path), path.stat().st_size if path.is_file() else None, error) from error


def decode_image(data: bytes, name: str) -> Image.Image:
    """As `read_image`, for the bytes of a file; ``name`` is for the error message."""
    try:
        return _decode(io.BytesIO(data))
    except Exception as error:  # as above
        raise _undecodable(name, len(data), error) from error


def read_small(path: Path, side: int) -> Image.Image:
    """As `read_image`, at most ``side`` pixels wide and high; a large JPEG is not decoded in full."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (side, side))
            small = _to_rgb(_upright(image))
    except Exception:  # as above; what can be repaired is, and what is wrong is said
        small = read_image(path)
    small.thumbnail((side, side))
    return small


def _decode(source: Path | io.BytesIO) -> Image.Image:
    try:
        with Image.open(source) as image:
            image.load()
            return _to_rgb(_upright(image))
    except Exception:
        data = source.read_bytes() if isinstance(source, Path) else source.getvalue()
        plain = without_metadata(data)
        if plain is None:
            raise
        with Image.open(io.BytesIO(plain)) as image:
            image.load()
            return _to_rgb(_upright(image))


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says. Nothing else of its metadata is read, whatever is wrong there."""
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # readers raise anything for broken metadata
        orientation = None
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image.transpose(turn) if turn is not None else image


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
