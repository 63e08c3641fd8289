"""Images of one page as small pictures; each is embedded once, however often it is shown."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from cir_bench.errors import CirBenchError

LADDER = ((176, 74), (128, 64), (96, 55), (72, 45))
"""Longest side in pixels and JPEG quality, from fine to coarse: a page uses the first that fits."""
_HEAT = np.array([[40, 20, 90], [190, 40, 110], [250, 140, 40], [255, 245, 160]], dtype=np.float64)
_OPACITY = 0.66


@dataclass(frozen=True)
class Tile:
    """An image as it is shown: its CSS class ``name``, or ``words`` in place of a picture; ``hit``: it is a target."""

    image: str
    name: str
    words: str = ""
    hit: bool = False
    note: str = ""


@dataclass
class PageImages:
    """The images of one page."""

    open_image: Callable[[str], Image.Image]
    """By id; a `CirBenchError` if it is missing."""
    caption: Callable[[str], str] | None = None
    """The words shown in place of an image, for encoders that see no pixels; None: images are shown."""
    missing: int = 0
    """How many images could not be opened."""
    _kept: list[Image.Image] = field(default_factory=list)
    _names: dict[str, tuple[str, str]] = field(default_factory=dict)

    def tile(self, image: str, *, hit: bool = False, note: str = "") -> Tile:
        """An image of the data set."""
        if image not in self._names:
            self._names[image] = self._look(image)
        name, words = self._names[image]
        return Tile(image, name, words, hit, note)

    def heat(self, image: str, values: NDArray[np.float64]) -> Tile:
        """An image overlaid with a map ``[H, W]`` of values of at least 0; the map alone if there is no image."""
        try:
            below = _small(self.open_image(image)) if self.caption is None else None
        except CirBenchError:
            below = None
        return Tile(image, self._keep(heated(below, values)))

    def style(self, side: int, quality: int) -> Markup:
        """A CSS rule for every picture, at most ``side`` pixels wide and high."""
        rules = [
            f".i{number}{{background-image:url({_data(one, side, quality)})}}" for number, one in enumerate(self._kept)
        ]
        return Markup("\n".join(rules))  # noqa: S704 (digits and base64)

    def _look(self, image: str) -> tuple[str, str]:
        if self.caption is not None:
            return "", self.caption(image)
        try:
            return self._keep(_small(self.open_image(image))), ""
        except CirBenchError:
            self.missing += 1
            return "", "image missing"

    def _keep(self, picture: Image.Image) -> str:
        self._kept.append(picture)
        return f"i{len(self._kept) - 1}"


def heated(below: Image.Image | None, values: NDArray[np.float64]) -> Image.Image:
    """The image, darkened where the map is low and coloured where it is high."""
    share = values / max(float(values.max(initial=0.0)), 1e-12)
    size = below.size if below is not None else (LADDER[0][0], LADDER[0][0])
    grown = Image.fromarray((255 * share).round().astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    level = np.asarray(grown, dtype=np.float64)[..., None] / 255
    stops = np.linspace(0, 1, len(_HEAT))
    colour = np.concatenate([np.interp(level, stops, _HEAT[:, channel]) for channel in range(3)], axis=-1)
    if below is None:
        return Image.fromarray(colour.round().astype(np.uint8))
    grey = np.asarray(below.convert("L"), dtype=np.float64)[..., None]
    opacity = _OPACITY * (0.35 + 0.65 * level)
    return Image.fromarray((grey * (1 - opacity) + colour * opacity).round().clip(0, 255).astype(np.uint8))


def fitting(candidates: Sequence[tuple[int, int]], page: Callable[[int, int], str], limit: int) -> str | None:
    """The first page of ``page(side, quality)`` with at most ``limit`` bytes; None if all are larger."""
    pages = (page(side, quality) for side, quality in candidates)
    return next((text for text in pages if len(text.encode()) <= limit), None)


def _small(image: Image.Image) -> Image.Image:
    picture = image.convert("RGB")
    picture.thumbnail((LADDER[0][0], LADDER[0][0]), Image.Resampling.LANCZOS)
    return picture


def _data(picture: Image.Image, side: int, quality: int) -> str:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
