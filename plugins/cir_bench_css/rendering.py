"""Rendering: a scene and a seed in, pixels out; everything a scene does not say is drawn from the seed.

Positions jitter, radii, angles and shades vary, the background is some grey, and every pixel gets a little
noise.  The same (scene, seed, size) gives the same bytes on the same Pillow and numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cir_bench_css.scenes import N_COLUMNS, Scene

IMAGE_SIZE = 48
_SUPERSAMPLING = 4

# Mean sRGB of each colour; a rendered thing's shade is a random neighbour of it.
RGB = {
    "red": (210, 40, 40),
    "orange": (235, 130, 30),
    "yellow": (225, 210, 50),
    "green": (50, 160, 60),
    "cyan": (60, 195, 205),
    "blue": (45, 75, 205),
    "purple": (130, 50, 170),
    "pink": (235, 125, 180),
}

# All in units of one cell's width.
_RADIUS = {"small": (0.23, 0.28), "large": (0.37, 0.43)}
_JITTER = {"small": 0.14, "large": 0.06}
_MAX_TILT = 14.0  # degrees; a square tilted by 45 would be a diamond
_SHADE = 20  # of 255, each channel on its own
_BRIGHTNESS = (0.72, 1.08)  # all channels together
_NOISE = 12  # of 255, largest amplitude of a pixel's noise

# Polar outlines: (angle in degrees, radius as a share of the thing's radius), first point up.
_Outline = Sequence[tuple[float, float]]
_OUTLINES: dict[str, _Outline] = {
    "circle": [(a, 0.92) for a in range(0, 360, 12)],
    "square": [(45 + 90 * k, 1.12) for k in range(4)],
    "triangle": [(120 * k, 1.15) for k in range(3)],
    "diamond": [(0, 1.15), (90, 0.85), (180, 1.15), (270, 0.85)],
    "cross": [(90 * k + a, r) for k in range(4) for a, r in ((-18, 1.02), (18, 1.02), (45, 0.46))],
    "star": [(36 * k, 0.48 if k % 2 else 1.15) for k in range(10)],
}


def render(scene: Scene, seed: str, size: int = IMAGE_SIZE) -> Image.Image:
    """The scene as an RGB image of size x size pixels."""
    rng = Random(f"css-render:{seed}")  # noqa: S311 (no secret)
    grey = rng.randint(95, 160)
    background = tuple(grey + rng.randint(-8, 8) for _ in range(3))
    side = size * _SUPERSAMPLING
    canvas = Image.new("RGB", (side, side), background)
    draw = ImageDraw.Draw(canvas)
    cell_width = side / N_COLUMNS
    for cell, thing in enumerate(scene):
        if thing is None:
            continue
        row, column = divmod(cell, N_COLUMNS)
        jitter = _JITTER[thing.size]
        x = (column + 0.5 + rng.uniform(-jitter, jitter)) * cell_width
        y = (row + 0.5 + rng.uniform(-jitter, jitter)) * cell_width
        radius = rng.uniform(*_RADIUS[thing.size]) * cell_width
        tilt = rng.uniform(-_MAX_TILT, _MAX_TILT)
        points = [
            (x + radius * r * sin(radians(a + tilt)), y - radius * r * cos(radians(a + tilt)))
            for a, r in _OUTLINES[thing.shape]
        ]
        draw.polygon(points, fill=_shade(rng, RGB[thing.colour]))
    pixels = np.asarray(canvas.reduce(_SUPERSAMPLING), dtype=np.int16)
    return Image.fromarray(np.clip(pixels + _noise(rng, pixels.shape), 0, 255).astype(np.uint8))


def _shade(rng: Random, rgb: tuple[int, int, int]) -> tuple[int, ...]:
    brightness = rng.uniform(*_BRIGHTNESS)
    return tuple(max(0, min(255, round(channel * brightness) + rng.randint(-_SHADE, _SHADE))) for channel in rgb)


def _noise(rng: Random, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Triangular noise in [-_NOISE, _NOISE], the sum of two uniform halves."""
    raw = np.frombuffer(rng.randbytes(2 * int(np.prod(shape))), dtype=np.uint8).astype(np.int16)
    halves = (raw.reshape(2, *shape) * (_NOISE + 1)) >> 8
    noise: NDArray[np.int16] = halves[0] - halves[1]
    return noise
