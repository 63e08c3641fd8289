"""A reader that knows nothing of the generator carries out every text on the reference scene and gets the target."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cir_bench_css.edits import KINDS, apply_all, random_edit
from cir_bench_css.scenes import ALL_THINGS, Scene, Thing, random_scene
from cir_bench_css.splits import Splits
from cir_bench_css.texts import plan_all, say_all

SIZES = {"small": "small", "little": "small", "tiny": "small", "large": "large", "big": "large"}
COLOURS = {c: c for c in ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")} | {"violet": "purple"}
SHAPES = {s: s for s in ("circle", "square", "triangle", "diamond", "cross", "star")} | {
    "disc": "circle",
    "box": "square",
    "plus": "cross",
    "rhombus": "diamond",
}
ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")
CELLS = {f"{row} {column}": 3 * r + c for r, row in enumerate(ROWS) for c, column in enumerate(COLUMNS)}
CELLS["middle"] = CELLS.pop("middle centre")
SIDES = {
    **dict.fromkeys(("left of", "to the left of", "on the left of"), (0, -1)),
    **dict.fromkeys(("right of", "to the right of", "on the right of"), (0, 1)),
    **dict.fromkeys(("above", "over"), (-1, 0)),
    **dict.fromkeys(("below", "under", "beneath"), (1, 0)),
}


def any_of(words) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


HEAD = f"(?:{any_of(SIZES)} )?(?:{any_of(COLOURS)} )?{any_of([*SHAPES, 'one', 'object', 'thing'])}"
CELL = f"the {any_of(CELLS)}(?: cell| of the picture)?"
X = f"(?P<x>the {HEAD}(?: {any_of(SIDES)} the {HEAD}| in {CELL})?)"
NEW = f"(?P<new>an? {HEAD})"
PLACE = f"(?P<place>(?:in|to) {CELL}|(?:directly|just|immediately|right) {any_of(SIDES)} the {HEAD})"
COLOUR = f"(?P<colour>{any_of(COLOURS)})"
SHAPE = f"an? (?P<shape>{any_of(SHAPES)})"
OLD = f"(?:(?:an? )?{any_of([*COLOURS, *SHAPES])})"

PATTERNS = [
    ("add", f"(?:add|put|there is also|insert|has) {NEW} {PLACE}(?: as well)?"),
    ("add", f"{NEW} is added {PLACE}"),
    ("remove", f"(?:remove|take away|delete|without|get rid of) {X}"),
    ("remove", f"{X} (?:is gone|has been removed)"),
    ("move", f"(?:move|shift) {X} {PLACE}"),
    ("move", f"{X} (?:goes|is now|has moved) {PLACE}"),
    ("small", f"make {X} smaller|(?:shrink|reduce the size of) {X}|{X} is small now|{X} should be little"),
    ("large", f"make {X} bigger|(?:enlarge|increase the size of) {X}|{X} is large now|{X} should be big"),
]
for value in (COLOUR, SHAPE):
    PATTERNS += [
        ("set", f"(?:make|paint|turn) {X} (?:into )?{value}"),
        ("set", f"{X} (?:turns|becomes) {value}"),
        ("set", f"{X} is {value} now"),
        ("set", f"change the (?:colour|shape) of {X} to {value}"),
        ("set", f"{X} should be {value} instead of {OLD}"),
        ("set", f"{X} is no longer {OLD} but {value}"),
    ]


def match(clause: str) -> tuple[str, dict[str, str]]:
    hits = ((kind, pattern.fullmatch(clause)) for kind, pattern in COMPILED)
    found = [(kind, {k: v for k, v in hit.groupdict().items() if v}) for kind, hit in hits if hit]
    assert len(found) == 1, f"{clause!r} can be read as {found}"
    return found[0]


def alternatives(pattern: str) -> list[str]:
    """Splits at the bars outside of brackets: a group name may occur only once in a pattern."""
    parts, depth = [""], 0
    for char in pattern:
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


COMPILED = [(kind, re.compile(one)) for kind, pattern in PATTERNS for one in alternatives(pattern)]
RELATED = re.compile(f"the ({HEAD}) ({any_of(SIDES)}) the ({HEAD})")
PLACED = re.compile(f"the ({HEAD}) in the ({any_of(CELLS)}).*")
INTO = re.compile(f"(?:in|to) the ({any_of(CELLS)}).*")
BESIDE = re.compile(f"\\w+ ({any_of(SIDES)}) the ({HEAD})")


def attributes(head: str) -> dict[str, str]:
    words = head.split()
    tables = {"size": SIZES, "colour": COLOURS, "shape": SHAPES}
    return {name: table[word] for word in words for name, table in tables.items() if word in table}


def fitting(head: str, scene: Scene) -> set[int]:
    said = attributes(head)
    return {c for c, t in enumerate(scene) if t and all(getattr(t, name) == value for name, value in said.items())}


def beside(cell: int, step: tuple[int, int]) -> list[int]:
    row, column = divmod(cell, 3)
    line = [(row + k * step[0], column + k * step[1]) for k in (1, 2)]
    return [3 * r + c for r, c in line if 0 <= r < 3 and 0 <= c < 3]


def only(cells: set[int], phrase: str) -> int:
    assert len(cells) == 1, f"{phrase!r} may be any of {sorted(cells)}"
    return cells.pop()


def thing_cell(phrase: str, scene: Scene) -> int:
    if hit := RELATED.fullmatch(phrase):
        anchor = only(fitting(hit[3], scene), phrase)
        return only(fitting(hit[1], scene) & set(beside(anchor, SIDES[hit[2]])), phrase)
    if hit := PLACED.fullmatch(phrase):
        return only(fitting(hit[1], scene) & {CELLS[hit[2]]}, phrase)
    return only(fitting(phrase.removeprefix("the "), scene), phrase)


def place_cell(phrase: str, scene: Scene) -> int:
    if hit := INTO.fullmatch(phrase):
        return CELLS[hit[1]]
    hit = BESIDE.fullmatch(phrase)
    return beside(only(fitting(hit[2], scene), phrase), SIDES[hit[1]])[0]


def carry_out(text: str, scene: Scene) -> Scene:
    """Both halves of a double text are read on the reference scene."""
    cells = list(scene)
    for clause in re.split("; also |, and also |, and | and |, ", text):
        kind, said = match(clause)
        if kind == "add":
            goal = place_cell(said["place"], scene)
            assert cells[goal] is None
            cells[goal] = Thing(**attributes(said["new"]))
            continue
        cell = thing_cell(said["x"], scene)
        thing, cells[cell] = cells[cell], None
        if kind == "move":
            goal = place_cell(said["place"], scene)
            assert cells[goal] is None
            cells[goal] = thing
        elif kind in SIZES:
            cells[cell] = thing._replace(size=kind)
        elif kind == "set":
            changed = {"colour": COLOURS.get(said.get("colour")), "shape": SHAPES.get(said.get("shape"))}
            cells[cell] = thing._replace(**{name: value for name, value in changed.items() if value})
    return tuple(cells)


@pytest.mark.parametrize("split", ["train", "test"])
def test_whoever_carries_out_a_text_gets_the_target_scene(splits: Splits, split: str) -> None:
    for triplet in getattr(splits, split).triplets:
        assert carry_out(triplet.member.text, triplet.reference.scene) == triplet.target.scene, triplet.member.text


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 2))
def test_so_it_is_for_any_scene_and_edit(seed: int, n_edits: int) -> None:
    rng = Random(seed)
    scene = random_scene(rng, ALL_THINGS, rng.randint(2, 7))
    edits = tuple(edit for _ in range(n_edits) if (edit := random_edit(rng, scene, KINDS, ALL_THINGS)))
    if not edits or (len(edits) == 2 and edits[0].touched & edits[1].touched):
        return
    clauses = plan_all(rng, scene, edits)
    if clauses is not None:
        for _ in range(3):
            assert carry_out(say_all(rng, clauses), scene) == apply_all(edits, scene)


def test_a_name_that_fits_two_things_is_not_used() -> None:
    """Two equal things cannot be told apart by attributes; texts then use position or relation."""
    twin = Thing("small", "red", "circle")
    scene: Scene = (twin, None, twin, None, None, None, None, None, None)
    rng = Random(0)
    for edit in [random_edit(rng, scene, ("remove",), ALL_THINGS) for _ in range(50)]:
        clauses = plan_all(rng, scene, (edit,))
        assert carry_out(say_all(rng, clauses), scene) == edit.apply(scene)
        assert clauses[0].name.kind != "attributes"


def test_texts_are_paraphrased(splits: Splits) -> None:
    """The first three words of a text hardly tell its kind: every kind has many beginnings."""
    texts = [t.member.text for t in splits.test.triplets]
    assert len(set(texts)) > 0.9 * len(texts)
    for kind in KINDS:
        first = {t.member.text.split()[0] for t in splits.test.triplets if [e.kind for e in t.member.edits] == [kind]}
        assert len(first) >= 3, kind
