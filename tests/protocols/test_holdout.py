from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench import DataError, Triplet, TripletSampler
from cir_bench.errors import ConfigError
from cir_bench.protocols.holdout import filling, held_out_set, hold_out, hold_out_drawn
from cir_bench.protocols.protocol import Protocol

Make = Callable[..., Protocol]
TRIPLETS = [Triplet(f"r{i // 2}", ("x",), f"t{i}") for i in range(200)]


def test_a_tenth_is_held_out_and_the_rest_is_trained_on() -> None:
    train, held = hold_out(TRIPLETS, 0.1, 1000, seed=0)
    assert (len(train), len(held)) == (180, 20)
    assert set(train) | set(held) == set(TRIPLETS)
    assert train == [t for t in TRIPLETS if t in set(train)]


def test_at_most_so_many_are_held_out() -> None:
    assert len(hold_out(TRIPLETS, 0.5, 7, seed=0)[1]) == 6


def test_triplets_of_one_reference_stay_together() -> None:
    train, held = hold_out(TRIPLETS, 0.1, 1000, seed=0)
    assert not {t.reference for t in train} & {t.reference for t in held}


def test_the_choice_depends_on_seed_and_not_on_order() -> None:
    shuffled = random.Random(0).sample(TRIPLETS, len(TRIPLETS))
    held = set(hold_out(TRIPLETS, 0.1, 1000, seed=0)[1])
    assert set(hold_out(shuffled, 0.1, 1000, seed=0)[1]) == held
    assert set(hold_out(TRIPLETS, 0.1, 1000, seed=1)[1]) != held


@pytest.mark.parametrize("triplets", [[], TRIPLETS[:1], TRIPLETS[:2]])
def test_what_cannot_be_split_is_refused_with_the_way_out(triplets: list[Triplet]) -> None:
    with pytest.raises(ConfigError, match=r"set selection\.on=last"):
        hold_out(triplets, 0.5, 1000, seed=0)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=60), st.floats(0.05, 0.9), st.integers(0, 3))
def test_the_split_is_a_partition_within_its_limit(references: list[int], fraction: float, seed: int) -> None:
    triplets = [Triplet(f"r{reference}", (str(i),), f"t{i}") for i, reference in enumerate(references)]
    try:
        train, held = hold_out(triplets, fraction, 20, seed)
    except ConfigError:
        return
    assert train
    assert 0 < len(held) <= min(20, max(1, round(fraction * len(triplets))))
    assert sorted(train + held, key=triplets.index) == triplets


def test_held_triplets_are_evaluated_as_the_protocol_evaluates(protocol: Make) -> None:
    held = [
        Triplet("a", ("x", "y"), "b", "left"),
        Triplet("c", ("x", "y"), "d", "right"),
        Triplet("b", ("z", ""), "a", "left"),
    ]
    made = held_out_set(held, protocol(reference="removed", query_text="each", gallery="split"))
    left = made.parts["left"]
    assert [query.id for query in left.queries] == ["held-0-a", "held-0-b", "held-2-a"]
    assert left.gallery == ("a", "b")
    assert left.truth["held-2-a"].excluded == ("b",)
    assert made.parts["right"].gallery == ("c", "d")


def test_the_same_reference_and_captions_are_one_query_with_all_targets(protocol: Make) -> None:
    held = [Triplet("a", ("x",), "b"), Triplet("a", ("x",), "c"), Triplet("a", ("y",), "c"), Triplet("a", ("x",), "b")]
    part = held_out_set(held, protocol()).parts[""]
    assert [part.truth[query.id].targets for query in part.queries] == [("b", "c"), ("c",)]
    assert part.gallery == ("a", "b", "c")


def test_held_captions_are_corrected_like_those_of_the_evaluation(protocol: Make) -> None:
    made = held_out_set([Triplet("a", ("lonf",), "b")], protocol(text={"spelling": "w"}), {"": {"lonf": "long"}})
    assert made.parts[""].queries[0].texts == ("long",)


def test_every_image_of_the_gallery_that_is_known_to_be_right_is_a_hit(protocol: Make) -> None:
    held = [Triplet("a", ("x",), "b", hits=("b", "c", "elsewhere")), Triplet("d", ("y",), "c", hits=("b", "c"))]
    part = held_out_set(held, protocol()).parts[""]
    assert [part.truth[query.id].targets for query in part.queries] == [("b", "c"), ("c", "b")]
    assert part.gallery == ("a", "b", "d", "c")


def test_train_images_fill_the_gallery_up_to_the_size_of_the_evaluation_s() -> None:
    train, held = hold_out(TRIPLETS, 0.1, 1000, seed=0)
    own = {image for t in held for image in (t.reference, t.target)}
    images = {"": [image for t in train for image in (t.reference, t.target)]}
    more = filling(images, held, {"": 100}, seed=0)[""]
    assert len(set(more)) == len(more) == 100 - len(own)
    assert not set(more) & own
    assert filling({"": images[""][::-1]}, held, {"": 100}, seed=0)[""] == more
    assert filling(images, held, {"": 100}, seed=1)[""] != more


def test_a_gallery_is_never_cut_and_never_filled_with_another_part(protocol: Make) -> None:
    held = [Triplet("a", ("x",), "b", "left", hits=("b", "e")), Triplet("c", ("x",), "d", "right")]
    train = {"left": ["e", "a"], "right": ["f", "g"], "neither": ["h"]}
    more = filling(train, held, {"left": 9, "right": 1, "neither": 5}, seed=0)
    made = held_out_set(held, protocol(), fill=more)
    assert made.parts["left"].gallery == ("a", "b", "e")
    assert made.parts["right"].gallery == ("c", "d")
    assert made.parts["left"].truth["held-0"].targets == ("b", "e"), "an image that fills the gallery may be right, too"


class Numbers(TripletSampler):
    """Images ``3.1``: the second photo of number 3, described alike; a triplet goes to another number of the tens."""

    def __init__(self, images: Collection[str]) -> None:
        self._images = list(images)
        if not any(self._others(image) for image in images):
            raise DataError("No two numbers of the same tens.")

    @property
    def images(self) -> Sequence[str]:
        return self._images

    def draw(self, seed: int, epoch: int) -> Sequence[Triplet]:
        chance = random.Random(f"{seed}/{epoch}")
        pairs = [(image, chance.choice(self._others(image))) for image in self._images if self._others(image)]
        return [
            Triplet(image, ("another",), target, hits=tuple(self.same_description(target))) for image, target in pairs
        ]

    def among(self, images: Collection[str]) -> Numbers:
        return Numbers([image for image in self._images if image in images])

    def same_description(self, image: str) -> Sequence[str]:
        return [other for other in self._images if other.split(".")[0] == image.split(".", maxsplit=1)[0]]

    def _others(self, image: str) -> list[str]:
        number = int(image.split(".", maxsplit=1)[0])
        values = {other: int(other.split(".")[0]) for other in self._images}
        return [other for other, value in values.items() if value // 10 == number // 10 and value != number]


NUMBERS = Numbers([f"{number}.{photo}" for number in range(100) for photo in range(number % 3 + 1)])


def shown(triplets: Sequence[Triplet]) -> set[str]:
    return {image for triplet in triplets for image in (triplet.reference, triplet.target, *triplet.hits)}


@pytest.mark.parametrize("seed", [0, 1])
def test_drawn_triplets_are_held_out_by_image_and_kin(seed: int) -> None:
    train, held = hold_out_drawn(NUMBERS, 0.1, 1000, seed)
    out = set(NUMBERS.images) - set(train.images)
    assert 15 < len(out) <= 20
    assert {triplet.reference for triplet in held} == shown(held) == out
    assert not {image.split(".")[0] for image in train.images} & {image.split(".")[0] for image in out}
    for epoch in range(20):
        assert not shown(train.draw(seed, epoch)) & out


def test_what_is_held_out_of_a_sampler_is_its_seed_s(protocol: Make) -> None:
    (train, held), (again, same), (_, other) = (hold_out_drawn(NUMBERS, 0.1, 12, seed) for seed in (0, 0, 1))
    assert held == same and list(train.images) == list(again.images)
    assert len(held) <= 12 and shown(held) != shown(other)
    part = held_out_set(held, protocol(reference="removed")).parts[""]
    assert set(part.gallery) == shown(held)
    assert len(part.queries) == len(held)


@pytest.mark.parametrize(
    ("images", "most"), [(["1.0", "2.0"], 1000), (["1.0", "1.1", "2.0", "2.1", "3.0", "3.1"], 3), (["1.0", "2.0"], 1)]
)
def test_a_sampler_that_cannot_be_split_is_refused_with_the_way_out(images: list[str], most: int) -> None:
    with pytest.raises(ConfigError, match=r"cannot be split into .* set selection\.on=last"):
        hold_out_drawn(Numbers(images), 0.5, most, seed=0)
