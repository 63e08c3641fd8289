"""Descriptions of a scene in the words of the modification texts: an image's own side text."""

from __future__ import annotations

from random import Random

from cir_bench_css.naming import Attributes, relations_of
from cir_bench_css.scenes import Scene, Thing, occupied
from cir_bench_css.texts import say, say_attributes, say_position, with_article

_RELATION_SHARE = 0.2
_JOINTS = (", ", " and ", ", and ")


def caption(rng: Random, scene: Scene) -> str:
    """Every thing of the scene with where it is, in random order: "a small red disc in the middle, a big ..."."""
    cells = occupied(scene)
    rng.shuffle(cells)
    return rng.choice(_JOINTS).join(_say_thing(rng, scene, cell) for cell in cells)


def _say_thing(rng: Random, scene: Scene, cell: int) -> str:
    thing = scene[cell]
    assert isinstance(thing, Thing)
    said = with_article(say_attributes(rng, thing))
    relations = relations_of(scene, cell, (Attributes(),))
    if relations and rng.random() < _RELATION_SHARE:
        name = rng.choice(relations)
        assert name.side is not None
        assert name.anchor is not None
        return f"{said} {say(rng, name.side)} the {say_attributes(rng, name.anchor)}"
    return f"{said} {say_position(rng, cell, 'in')}"
