"""A quick look asks a few queries, the same ones every time, against galleries that are cut."""

from __future__ import annotations

from typing import Any

import pytest

from cir_bench.protocols.eval_set import EvalPart, EvalQuery, EvalSet, Truth
from cir_bench.protocols.limit import IMAGES_PER_QUERY, few, limited


def part(name: str, queries: int, images: int) -> EvalPart:
    """Query number i has reference i and target i + 1."""
    asked = tuple(EvalQuery(f"{name}{i}", f"{name}-{i}", ("red",), name) for i in range(queries))
    truth = {f"{name}{i}": Truth((f"{name}-{i + 1}",)) for i in range(queries)}
    return EvalPart(asked, tuple(f"{name}-{i}" for i in range(images)), truth)


def whole(**sizes: tuple[int, int]) -> EvalSet:
    return EvalSet({name: part(name, *size) for name, size in sizes.items()})


@pytest.mark.parametrize(
    ("sizes", "limit", "asked"),
    [
        ({"a": 100, "b": 100}, 10, {"a": 5, "b": 5}),
        ({"a": 100, "b": 100, "c": 100}, 10, {"a": 4, "b": 3, "c": 3}),
        ({"a": 100, "b": 2}, 10, {"a": 8, "b": 2}),  # what a small part lacks, a large one has more
        ({"a": 100, "b": 100}, 1, {"a": 1, "b": 1}),  # no part is without a query
        ({"a": 3}, 10, {"a": 3}),
    ],
)
def test_queries_are_shared_out_over_the_parts(sizes: Any, limit: int, asked: Any) -> None:
    found = limited(whole(**{name: (size, 200) for name, size in sizes.items()}), limit)
    assert found.n_queries == asked


def test_queries_are_evenly_spaced_and_the_same_every_time() -> None:
    first, second = (limited(whole(a=(100, 200)), 4) for _ in range(2))
    assert [query.id for query in first.parts["a"].queries] == ["a0", "a25", "a50", "a75"]
    assert first == second


def test_a_gallery_keeps_what_its_queries_name_and_as_many_others_as_there_is_room_for() -> None:
    found = limited(whole(a=(100, 4000)), 4).parts["a"]
    assert len(found.gallery) == 4 * IMAGES_PER_QUERY
    assert {"a-0", "a-1", "a-25", "a-26", "a-50", "a-51", "a-75", "a-76"} <= set(found.gallery)
    numbers = [int(image.removeprefix("a-")) for image in found.gallery]
    assert numbers == sorted(numbers)  # in the order of the whole gallery
    assert numbers[-1] > 3900


def test_subsets_and_graded_images_stay_even_when_they_are_many() -> None:
    names = tuple(f"a-{i}" for i in range(300))
    query = EvalQuery("q", "a-300", ("red",))
    truth = Truth(names[:1], subset=names[:100], gains=dict.fromkeys(names[100:], 0.5))
    found = limited(EvalSet({"": EvalPart((query,), (*names, "a-300", "other"), {"q": truth})}), 1)
    assert set(found.parts[""].gallery) == {*names, "a-300"}


def test_it_says_what_it_is_cut_from() -> None:
    found = limited(whole(a=(100, 4000), b=(7, 9)), 2)
    assert found.whole is not None
    assert (found.whole.n_queries, found.whole.n_gallery) == ({"a": 100, "b": 7}, {"a": 4000, "b": 9})


def test_examples_to_train_on_are_few_and_evenly_spaced() -> None:
    examples = [*range(1000)]
    assert few(examples, None) == examples
    assert few(examples, 2) == [*range(0, 1000, 25)]
