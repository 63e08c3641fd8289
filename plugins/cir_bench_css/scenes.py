"""Scenes: at most one thing in each of the nine cells of a 3x3 grid.

A scene is plain, hashable data; two images show *the same scene* exactly when their `Scene` values are
equal.  Shade, jitter and noise belong to the rendering, not to the scene.
"""

from __future__ import annotations

from itertools import product
from random import Random
from typing import NamedTuple

COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "star")
SIZES = ("small", "large")

N_ROWS = N_COLUMNS = 3
N_CELLS = N_ROWS * N_COLUMNS

# Row-major: cell 0 is the top left one.
POSITIONS = (
    "top left",
    "top centre",
    "top right",
    "middle left",
    "middle",
    "middle right",
    "bottom left",
    "bottom centre",
    "bottom right",
)

# One combination for every colour, spread over all shapes: each colour and each shape is well known from
# training, only these pairs are new at test.
HELD_OUT = frozenset(
    {
        ("red", "star"),
        ("orange", "circle"),
        ("yellow", "cross"),
        ("green", "triangle"),
        ("cyan", "square"),
        ("blue", "diamond"),
        ("purple", "circle"),
        ("pink", "triangle"),
    }
)


class Thing(NamedTuple):
    """One object of a scene."""

    size: str
    colour: str
    shape: str

    @property
    def held_out(self) -> bool:
        """Whether its colour and shape are seen together in the test split only."""
        return (self.colour, self.shape) in HELD_OUT

    def __str__(self) -> str:
        return f"{self.size} {self.colour} {self.shape}"


Scene = tuple[Thing | None, ...]
"""Nine cells, row-major; None is an empty cell."""

ALL_THINGS = tuple(Thing(*attributes) for attributes in product(SIZES, COLOURS, SHAPES))
SEEN_THINGS = tuple(thing for thing in ALL_THINGS if not thing.held_out)


def occupied(scene: Scene) -> list[int]:
    """The cells that hold a thing, in order."""
    return [cell for cell, thing in enumerate(scene) if thing is not None]


def empty(scene: Scene) -> list[int]:
    """The cells that hold nothing, in order."""
    return [cell for cell, thing in enumerate(scene) if thing is None]


def things(scene: Scene) -> list[Thing]:
    """The scene's things, in cell order."""
    return [thing for thing in scene if thing is not None]


def replace(scene: Scene, cell: int, thing: Thing | None) -> Scene:
    """The scene with the content of one cell exchanged."""
    return (*scene[:cell], thing, *scene[cell + 1 :])


def random_scene(rng: Random, vocabulary: tuple[Thing, ...], n_things: int) -> Scene:
    """A scene of `n_things` things of the vocabulary in distinct random cells."""
    cells: list[Thing | None] = [None] * N_CELLS
    for cell in rng.sample(range(N_CELLS), n_things):
        cells[cell] = rng.choice(vocabulary)
    return tuple(cells)


def describe(scene: Scene) -> str:
    """A canonical, lossless description, also used as the scene's key in file formats."""
    return "; ".join(f"{POSITIONS[cell]}: {scene[cell]}" for cell in occupied(scene))
