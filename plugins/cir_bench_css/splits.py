"""The two splits: which scenes, images, triplets and queries there are.  Pure data, no pixels.

No scene occurs in both splits, and no held-out combination occurs in train.  Ids are stable: images
`train-00000`, `test-00000`; queries `css-00000`, in the order of this module's one pass over the families.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import NamedTuple

from cir_bench_css.families import Family, Member, make_family, walk
from cir_bench_css.scenes import ALL_THINGS, SEEN_THINGS, Scene, Thing

N_TRAIN_FAMILIES = 900
N_TEST_FAMILIES = 160
N_BUNDLES = 5
TEST_THINGS = ALL_THINGS + tuple(thing for thing in ALL_THINGS if thing.held_out)
"""The test split's vocabulary: held-out combinations are twice as likely as others."""

WALK = 30
"""Families in a row whose references are two edits apart: other families hold near neighbours too."""
_DUPLICATE_SHARE = 0.25


class Picture(NamedTuple):
    """An image to be: its id is also the seed of everything the scene does not say."""

    id: str
    scene: Scene


class SceneTriplet(NamedTuple):
    """A reference image, a member of its family, and an image of the member's target scene."""

    reference: Picture
    member: Member
    target: Picture


class Split(NamedTuple):
    """Pictures and triplets of one split; some scenes are pictured more than once."""

    pictures: tuple[Picture, ...]
    triplets: tuple[SceneTriplet, ...]


class Splits(NamedTuple):
    """Both splits of one seed."""

    train: Split
    test: Split


@lru_cache(maxsize=2)
def make_splits(seed: int = 0, n_train: int = N_TRAIN_FAMILIES, n_test: int = N_TEST_FAMILIES) -> Splits:
    """Both splits of a seed; test is drawn first, then train avoids its scenes."""
    rng = Random(f"css-splits:{seed}")  # noqa: S311 (no secret)
    taken: set[Scene] = set()
    test = _make_split(rng, f"{seed}-test" if seed else "test", TEST_THINGS, n_test, taken)
    train = _make_split(rng, f"{seed}-train" if seed else "train", SEEN_THINGS, n_train, taken)
    return Splits(train, test)


def _make_split(rng: Random, prefix: str, vocabulary: tuple[Thing, ...], n_families: int, taken: set[Scene]) -> Split:
    """Families with no scene of `taken`, which then contains theirs."""
    pictures: list[Picture] = []
    triplets: list[SceneTriplet] = []
    own: set[Scene] = set()

    def picture(scene: Scene) -> Picture:
        pictures.append(Picture(f"{prefix}-{len(pictures):05d}", scene))
        return pictures[-1]

    families: list[Family] = []
    while len(families) < n_families:
        for reference in walk(rng, vocabulary, min(WALK, n_families - len(families))):
            families.append(make_family(rng, reference, vocabulary, N_BUNDLES))
    for family in families:
        scenes = {family.reference, *(member.target for member in family.members)}
        if scenes & taken:
            continue
        own |= scenes
        source = picture(family.reference)
        for member in family.members:
            triplets.append(SceneTriplet(source, member, picture(member.target)))
        for scene in (family.reference, *(member.target for member in family.members)):
            if rng.random() < _DUPLICATE_SHARE:
                picture(scene)
    taken |= own
    return Split(tuple(pictures), tuple(triplets))
