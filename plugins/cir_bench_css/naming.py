"""Names: how a text points at one thing or one place of a scene, and what such a name picks out.

Names are data and `resolve` says what they mean, so that "unambiguous" is something a test can check:
a name is used only where `resolve` finds exactly one cell.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from cir_bench_css.scenes import N_COLUMNS, N_ROWS, Scene, Thing, occupied

SIDES = ("left", "right", "above", "below")
_STEPS = {"left": (0, -1), "right": (0, 1), "above": (-1, 0), "below": (1, 0)}


class Attributes(NamedTuple):
    """What "the large circle" says: the attributes that are said; the others are None."""

    size: str | None = None
    colour: str | None = None
    shape: str | None = None

    def fits(self, thing: Thing) -> bool:
        """Whether the thing has every attribute said."""
        size, colour, shape = self
        return size in (None, thing.size) and colour in (None, thing.colour) and shape in (None, thing.shape)


class Name(NamedTuple):
    """Points at a thing: by attributes alone, by its position, or by its relation to an anchor.

    `position` is a cell.  `side` and `anchor` say "left of ...": in the anchor's row (or column), on that
    side of it, at any distance.
    """

    attributes: Attributes = Attributes()
    position: int | None = None
    side: str | None = None
    anchor: Attributes | None = None

    @property
    def kind(self) -> str:
        """`attributes`, `position` or `relation`: the tag `naming` of a query."""
        if self.anchor is not None:
            return "relation"
        return "attributes" if self.position is None else "position"


class Place(NamedTuple):
    """Points at a cell: by its position, or as the cell directly beside an anchor."""

    position: int | None = None
    side: str | None = None
    anchor: Attributes | None = None

    @property
    def kind(self) -> str:
        """`position` or `relation`."""
        return "position" if self.anchor is None else "relation"


@cache
def cells_on_side(cell: int, side: str) -> tuple[int, ...]:
    """The cells on one side of a cell within its row or column, the nearest first."""
    row, column = divmod(cell, N_COLUMNS)
    d_row, d_column = _STEPS[side]
    found: list[int] = []
    while True:
        row, column = row + d_row, column + d_column
        if not (0 <= row < N_ROWS and 0 <= column < N_COLUMNS):
            return tuple(found)
        found.append(row * N_COLUMNS + column)


def resolve_attributes(attributes: Attributes, scene: Scene) -> list[int]:
    """Every cell whose thing fits."""
    return [cell for cell, thing in enumerate(scene) if thing is not None and attributes.fits(thing)]


def resolve(name: Name, scene: Scene) -> list[int]:
    """Every cell the name may mean; a name is unambiguous where this is one cell."""
    found = resolve_attributes(name.attributes, scene)
    if name.position is not None:
        found = [cell for cell in found if cell == name.position]
    if name.side is not None and name.anchor is not None:
        beside = {c for a in resolve_attributes(name.anchor, scene) for c in cells_on_side(a, name.side)}
        found = [cell for cell in found if cell in beside]
    return found


def resolve_place(place: Place, scene: Scene) -> list[int]:
    """Every cell the place may mean, occupied or not."""
    if place.side is None or place.anchor is None:
        return [] if place.position is None else [place.position]
    beside = (cells_on_side(a, place.side)[:1] for a in resolve_attributes(place.anchor, scene))
    return [cell for cells in beside for cell in cells]


@lru_cache(maxsize=4096)
def attribute_names(scene: Scene, cell: int) -> tuple[Attributes, ...]:
    """Every choice of said attributes, at least one of them, that fits this thing of the scene alone."""
    thing = scene[cell]
    assert thing is not None, f"cell {cell} is empty"
    shared = {_shared(thing, other) for place, other in enumerate(scene) if other is not None and place != cell}
    return tuple(name for said, name in _choices(thing) if all(said & ~common for common in shared))


@cache
def _choices(thing: Thing) -> tuple[tuple[int, Attributes], ...]:
    """Every choice of said attributes, with the bits of those that are said."""
    return tuple(
        (said, Attributes(*(value if said >> bit & 1 else None for bit, value in enumerate(thing))))
        for said in range(1, 8)
    )


@cache
def _shared(thing: Thing, other: Thing) -> int:
    """The bits of the attributes that two things have in common; a choice within them fits both."""
    return sum((mine == its) << bit for bit, (mine, its) in enumerate(zip(thing, other, strict=True)))


@lru_cache(maxsize=4096)
def names_of(scene: Scene, cell: int) -> dict[str, tuple[Name, ...]]:
    """The unambiguous names of a thing, by kind; a kind may be empty."""
    thing = scene[cell]
    assert thing is not None, f"cell {cell} is empty"
    heads = (Attributes(), Attributes(shape=thing.shape), Attributes(colour=thing.colour))
    return {
        "attributes": tuple(Name(attributes) for attributes in attribute_names(scene, cell)),
        "relation": tuple(relations_of(scene, cell, heads)),
        "position": tuple(Name(head, position=cell) for head in heads),
    }


def relations_of(scene: Scene, cell: int, heads: tuple[Attributes, ...]) -> list[Name]:
    """The unambiguous names of a thing by its relation to another, with one of these heads (which fit the thing)."""
    fitting = [(head, resolve_attributes(head, scene)) for head in heads]
    found: list[Name] = []
    for anchor in occupied(scene):
        for side in SIDES:
            beside = cells_on_side(anchor, side)
            if cell not in beside:
                continue
            for head, cells in fitting:
                if [c for c in cells if c in beside] == [cell]:
                    found += [Name(head, None, side, name) for name in attribute_names(scene, anchor)]
    return found


def places_of(scene: Scene, cell: int, without: int | None = None) -> dict[str, tuple[Place, ...]]:
    """The unambiguous ways to point at an empty cell, by kind; the thing in `without` is never the anchor."""
    relations = tuple(
        Place(side=side, anchor=name)
        for anchor in occupied(scene)
        if anchor != without
        for side in SIDES
        if cells_on_side(anchor, side)[:1] == (cell,)
        for name in attribute_names(scene, anchor)
    )
    return {"relation": relations, "position": (Place(position=cell),)}
