"""Modification texts: an edit of a scene said in words, in many ways, never ambiguously.

Every name in a text is resolved against the reference scene; with two edits also against the scene in
which the other edit is already made, so that it does not matter how the text is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple, TypeVar

from cir_bench_css.edits import Edit, Edits
from cir_bench_css.naming import Attributes, Name, Place, names_of, places_of, resolve, resolve_place
from cir_bench_css.scenes import POSITIONS, Scene, Thing

WORDS: dict[str, tuple[str, ...]] = {
    "small": ("small", "small", "little", "tiny"),
    "large": ("large", "large", "big"),
    "circle": ("circle", "circle", "disc"),
    "square": ("square", "square", "box"),
    "cross": ("cross", "cross", "plus"),
    "diamond": ("diamond", "diamond", "rhombus"),
    "purple": ("purple", "purple", "violet"),
    "left": ("left of", "to the left of", "on the left of"),
    "right": ("right of", "to the right of", "on the right of"),
    "above": ("above", "over"),
    "below": ("below", "under", "beneath"),
}
"""Synonyms of an attribute or a side; a word not here has none.  One listed twice is likelier."""

_UNNAMED = ("one", "one", "object", "thing")

_TEMPLATES: dict[str, tuple[str, ...]] = {
    "add": (
        "add {new} {at}",
        "put {new} {at}",
        "there is also {new} {at}",
        "insert {new} {at}",
        "{new} is added {at}",
        "has {new} {at} as well",
    ),
    "remove": (
        "remove {x}",
        "take away {x}",
        "delete {x}",
        "{x} is gone",
        "without {x}",
        "get rid of {x}",
        "{x} has been removed",
    ),
    "colour": (
        "make {x} {value}",
        "paint {x} {value}",
        "{x} turns {value}",
        "{x} is {value} now",
        "change the colour of {x} to {value}",
        "{x} should be {value} instead of {old}",
        "{x} is no longer {old} but {value}",
    ),
    "shape": (
        "make {x} a {value}",
        "turn {x} into a {value}",
        "{x} becomes a {value}",
        "{x} is a {value} now",
        "change the shape of {x} to a {value}",
        "{x} should be a {value} instead of a {old}",
        "{x} is no longer a {old} but a {value}",
    ),
    "small": ("make {x} smaller", "shrink {x}", "{x} is small now", "{x} should be little", "reduce the size of {x}"),
    "large": ("make {x} bigger", "enlarge {x}", "{x} is large now", "{x} should be big", "increase the size of {x}"),
    "move": ("move {x} {to}", "shift {x} {to}", "{x} goes {to}", "{x} is now {at}", "{x} has moved {to}"),
}

_JOINTS = ("{} and {}", "{}, and {}", "{}; also {}", "{}, {}", "{}, and also {}")


NAME_SHARES = {"attributes": 0.4, "relation": 0.25, "position": 0.35}
PLACE_SHARES = {"relation": 0.25, "position": 0.75}
"""How often each kind of pointer is used where the scene allows all of them."""

_Pointer = TypeVar("_Pointer", Name, Place)


class Clause(NamedTuple):
    """One edit of a scene with the name or place its words will use, and the cell each must pick."""

    edit: Edit
    before: Thing | None
    name: Name | None
    place: Place | None

    @property
    def goal(self) -> int:
        """The cell a place points at."""
        return self.edit.cell if self.edit.to is None else self.edit.to

    def unambiguous_in(self, scene: Scene) -> bool:
        """Whether name and place pick their one cell in the scene."""
        named = self.name is None or resolve(self.name, scene) == [self.edit.cell]
        return named and (self.place is None or resolve_place(self.place, scene) == [self.goal])

    @property
    def relational(self) -> bool:
        """Whether something is pointed at by its relation to another thing."""
        return "relation" in (self.name and self.name.kind, self.place and self.place.kind)


def say(rng: Random, word: str) -> str:
    """The word or one of its synonyms."""
    return rng.choice(WORDS.get(word, (word,)))


def say_attributes(rng: Random, attributes: Attributes | Thing) -> str:
    """Says "small red one", without the article."""
    said = [say(rng, word) for word in (attributes.size, attributes.colour) if word is not None]
    return " ".join([*said, say(rng, attributes.shape) if attributes.shape else rng.choice(_UNNAMED)])


def with_article(phrase: str) -> str:
    """Says "an orange disc"."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def say_name(rng: Random, name: Name) -> str:
    """Says "the circle left of the big red one"."""
    head = f"the {say_attributes(rng, name.attributes)}"
    if name.anchor is not None and name.side is not None:
        return f"{head} {say(rng, name.side)} the {say_attributes(rng, name.anchor)}"
    return head if name.position is None else f"{head} {say_position(rng, name.position, 'in')}"


def say_position(rng: Random, cell: int, preposition: str) -> str:
    """Says "in the top left cell"; the preposition is `in` or `to`."""
    noun = rng.choice(("", " cell", " of the picture"))
    return f"{preposition} the {POSITIONS[cell]}{noun}"


def say_place(rng: Random, place: Place, preposition: str) -> str:
    """Says "directly left of the star", "in the bottom right cell"."""
    if place.anchor is None or place.side is None:
        assert place.position is not None
        return say_position(rng, place.position, preposition)
    near = rng.choice(("directly", "just", "right" if place.side in ("above", "below") else "immediately"))
    return f"{near} {say(rng, place.side)} the {say_attributes(rng, place.anchor)}"


def _pick(rng: Random, by_kind: Mapping[str, Sequence[_Pointer]], share: dict[str, float]) -> _Pointer:
    """A pointer of a kind drawn by its share among the kinds there are."""
    kinds = [kind for kind in share if by_kind[kind]]
    kind = rng.choices(kinds, [share[kind] for kind in kinds])[0]
    return rng.choice(by_kind[kind])


def plan(rng: Random, scene: Scene, edit: Edit) -> Clause:
    """Chooses how to point at what one edit changes; unambiguous in this scene."""
    before = scene[edit.cell]
    name = None if before is None else _pick(rng, names_of(scene, edit.cell), NAME_SHARES)
    goal = edit.cell if edit.kind == "add" else edit.to
    place = None if goal is None else _pick(rng, places_of(scene, goal, without=edit.cell), PLACE_SHARES)
    return Clause(edit, before, name, place)


def plan_all(rng: Random, scene: Scene, edits: Edits, attempts: int = 20) -> tuple[Clause, ...] | None:
    """Plans one or two edits, or None when no unambiguous plan for two was found."""
    for _ in range(attempts):
        clauses = tuple(plan(rng, scene, edit) for edit in edits)
        others = [other.apply(scene) for other in reversed(edits)] if len(edits) == 2 else [scene]
        if all(clause.unambiguous_in(other) for clause, other in zip(clauses, others, strict=True)):
            return clauses
    return None


def say_clause(rng: Random, clause: Clause) -> str:
    """One edit in words."""
    edit, slots, template = clause.edit, {}, clause.edit.kind
    if clause.name is not None:
        slots["x"] = say_name(rng, clause.name)
    if clause.place is not None:
        slots["at"] = say_place(rng, clause.place, "in")
        slots["to"] = say_place(rng, clause.place, "to")
    if edit.kind == "add" and edit.thing is not None:
        slots["new"] = with_article(say_attributes(rng, edit.thing))
    elif edit.kind == "size" and edit.thing is not None:
        template = edit.thing.size
    elif edit.kind in ("colour", "shape"):
        slots["value"], slots["old"] = (say(rng, getattr(thing, edit.kind)) for thing in (edit.thing, clause.before))
    return rng.choice(_TEMPLATES[template]).format(**slots)


def say_all(rng: Random, clauses: tuple[Clause, ...]) -> str:
    """The modification text: one or two clauses, joined."""
    said = [say_clause(rng, clause) for clause in clauses]
    return said[0] if len(said) == 1 else rng.choice(_JOINTS).format(*said)
