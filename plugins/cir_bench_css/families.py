"""Families: a reference scene and many single-edit siblings of it, each the target of a query.

Edits come in bundles that contrast: the same change of another thing, another change of the same thing, one
half of a double edit.  So whoever ignores the text, or half of it, ends at a sibling, not at the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from cir_bench_css.edits import KINDS, Edit, Edits, apply_all, possible, random_edit
from cir_bench_css.scenes import Scene, Thing, random_scene, things
from cir_bench_css.texts import Clause, plan_all, say_all

# One draw decides a bundle's kind.
_KIND_SHARES = ("add", "remove", "colour", "colour", "shape", "shape", "size", "move")
_N_THINGS = (3, 4, 5, 6)


class Member(NamedTuple):
    """One query of a family: the edits, the text that asks for them, and the scene they lead to."""

    edits: Edits
    clauses: tuple[Clause, ...]
    text: str
    target: Scene


class Family(NamedTuple):
    """A reference scene with its queries."""

    reference: Scene
    members: tuple[Member, ...]


def walk(rng: Random, vocabulary: tuple[Thing, ...], length: int) -> Iterator[Scene]:
    """Scenes that are each two edits away from the one before: neighbours that are easily taken for each other."""
    scene = random_scene(rng, vocabulary, rng.choice(_N_THINGS))
    for _ in range(length):
        yield scene
        scene = _step(rng, _step(rng, scene, vocabulary), vocabulary)


def _step(rng: Random, scene: Scene, vocabulary: tuple[Thing, ...]) -> Scene:
    while True:
        edit = random_edit(rng, scene, KINDS, vocabulary)
        if edit is not None and len(things(edit.apply(scene))) in _N_THINGS:
            return edit.apply(scene)


def make_family(rng: Random, reference: Scene, vocabulary: tuple[Thing, ...], n_bundles: int) -> Family:
    """A random family: bundles of up to three queries, the last bundle of double edits; targets distinct."""
    bundles = [_single_bundle(rng, reference, vocabulary) for _ in range(n_bundles - 1)]
    bundles.append(_double_bundle(rng, reference, vocabulary))
    members: list[Member] = []
    seen = {reference}
    for edits in (edits for bundle in bundles for edits in bundle):
        target = apply_all(edits, reference)
        clauses = plan_all(rng, reference, edits)
        if target not in seen and clauses is not None:
            seen.add(target)
            members.append(Member(edits, clauses, say_all(rng, clauses), target))
    return Family(reference, tuple(members))


def near_misses(scene: Scene, edit: Edit, vocabulary: tuple[Thing, ...]) -> list[list[Edit]]:
    """Edits of the same kind one step beside this one: [same place but another value, same value elsewhere]."""
    others = [other for other in possible(scene, edit.kind, vocabulary) if other != edit]
    same_place = [other for other in others if other.cell == edit.cell]
    elsewhere = [other for other in others if other.cell != edit.cell and _value(other) == _value(edit)]
    return [same_place, elsewhere]


def _value(edit: Edit) -> object:
    """What an edit sets, apart from where."""
    if edit.thing is None or edit.kind == "move":
        return edit.to
    return edit.thing if edit.kind == "add" else getattr(edit.thing, edit.kind)


def _single_bundle(rng: Random, scene: Scene, vocabulary: tuple[Thing, ...]) -> list[Edits]:
    edit = random_edit(rng, scene, _KIND_SHARES, vocabulary)
    if edit is None:
        return []
    return [(edit,), *((rng.choice(group),) for group in near_misses(scene, edit, vocabulary) if group)]


def _double_bundle(rng: Random, scene: Scene, vocabulary: tuple[Thing, ...]) -> list[Edits]:
    """Two double edits that share one half, and one of the halves alone."""
    first, second, third = (random_edit(rng, scene, _KIND_SHARES, vocabulary) for _ in range(3))
    if first is None or second is None or third is None:
        return []
    doubles = [(first, second), (first, third)]
    return [(second,), *((a, b) for a, b in doubles if not a.touched & b.touched)]
