"""`Pictures`: image files and images in memory, by name, as encoders read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset, ImageRef, Query, Triplet
from cir_bench.utils.files import file_digest
from cir_bench.utils.images import read_image

Picture: TypeAlias = str | Path | Image.Image
"""A file, or an image in memory."""
NAME = "photos"
"""What messages call them."""


class Pictures(Dataset):
    """Images without annotations; files are only read."""

    def __init__(self, pictures: Mapping[str, Picture]) -> None:
        self._pictures = pictures

    def ref(self, name: str) -> ImageRef:
        """The handle on an image that an encoder gets."""
        return ImageRef(NAME, self, name)

    def train(self) -> Sequence[Triplet]:
        """None."""
        return ()

    def queries(self, split: str) -> Sequence[Query]:
        """None."""
        return ()

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """All images."""
        return tuple(self._pictures)

    def open(self, image_id: str) -> Image.Image:
        """The image, as RGB."""
        picture = self._pictures[image_id]
        return picture.convert("RGB") if isinstance(picture, Image.Image) else read_image(Path(picture))

    def has(self, image_id: str) -> bool:
        """Whether the file is there."""
        picture = self._pictures.get(image_id)
        return isinstance(picture, Image.Image) or (picture is not None and Path(picture).is_file())

    def digest(self, image_id: str) -> str:
        """Digest of the file's bytes, or of the pixels."""
        picture = self._pictures[image_id]
        if not isinstance(picture, Image.Image):
            return file_digest(Path(picture))
        pixels = picture.convert("RGB")
        return hashlib.blake2b(repr(pixels.size).encode() + pixels.tobytes(), digest_size=20).hexdigest()

    def file(self, image_id: str) -> Path | None:
        """The file, if it is one."""
        picture = self._pictures[image_id]
        return None if isinstance(picture, Image.Image) else Path(picture)


def by_name(pictures: Sequence[Picture]) -> dict[str, Picture]:
    """Images by name: files by their path, others as ``image-0``; `DataError` for a file that is listed twice."""
    found: dict[str, Picture] = {}
    for place, picture in enumerate(pictures):
        name = f"image-{place}" if isinstance(picture, Image.Image) else str(picture)
        if name in found:
            raise DataError(f"the image {name} is listed twice; list it once.")
        found[name] = picture
    return found
