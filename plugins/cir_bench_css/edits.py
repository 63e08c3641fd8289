"""Edits of a scene, as data: what changes in which cell, and the kind a breakdown reports it under."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import NamedTuple

from cir_bench_css.scenes import COLOURS, SHAPES, SIZES, Scene, Thing, empty, occupied, replace

KINDS = ("add", "remove", "colour", "shape", "size", "move")


class Edit(NamedTuple):
    """One change.  `cell` is the cell of the thing changed (`add`: the empty cell filled).

    `thing` is what stands there afterwards (`remove`: None; `move`: the thing itself, now in `to`).
    """

    kind: str
    cell: int
    thing: Thing | None
    to: int | None = None

    def apply(self, scene: Scene) -> Scene:
        """The scene after the change."""
        if self.kind == "move":
            assert self.to is not None
            return replace(replace(scene, self.cell, None), self.to, self.thing)
        return replace(scene, self.cell, self.thing)

    @property
    def touched(self) -> frozenset[int]:
        """The cells whose content differs afterwards."""
        return frozenset({self.cell} if self.to is None else {self.cell, self.to})


Edits = tuple[Edit, ...]


def apply_all(edits: Edits, scene: Scene) -> Scene:
    """The scene after all changes; they touch distinct cells, so their order does not matter."""
    for edit in edits:
        scene = edit.apply(scene)
    return scene


def possible(scene: Scene, kind: str, vocabulary: tuple[Thing, ...]) -> list[Edit]:
    """Every edit of the kind that the scene allows, in a fixed order, results within the vocabulary."""
    if kind == "add":
        return [edit for cell in empty(scene) for edit in _additions(cell, vocabulary)]
    if kind == "remove":
        return [Edit("remove", cell, None) for cell in occupied(scene)]
    found = []
    for cell in occupied(scene):
        thing = scene[cell]
        assert thing is not None
        if kind == "move":
            found += [Edit("move", cell, thing, to) for to in empty(scene)]
        else:
            found += [Edit(kind, cell, changed) for changed in _changes(thing, kind, vocabulary)]
    return found


@cache
def _additions(cell: int, vocabulary: tuple[Thing, ...]) -> tuple[Edit, ...]:
    return tuple(Edit("add", cell, thing) for thing in vocabulary)


@cache
def _changes(thing: Thing, kind: str, vocabulary: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """The thing with another value of one attribute."""
    values = {"colour": COLOURS, "shape": SHAPES, "size": SIZES}[kind]
    changed = (thing._replace(**{kind: value}) for value in values)
    return tuple(other for other in changed if other != thing and other in vocabulary)


def random_edit(rng: Random, scene: Scene, kinds: tuple[str, ...], vocabulary: tuple[Thing, ...]) -> Edit | None:
    """An edit of a kind drawn from `kinds` (repeat one to make it likelier), or None where none is possible."""
    choices = possible(scene, rng.choice(kinds), vocabulary)
    return rng.choice(choices) if choices else None
