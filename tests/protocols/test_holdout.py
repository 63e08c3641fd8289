from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cir_bench import Triplet
from cir_bench.errors import ConfigError
from cir_bench.protocols.holdout import held_out_set, hold_out
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
