"""A quick look (``--limit``): a few queries against smaller galleries, and a few examples to train on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from cir_bench.protocols.eval_set import EvalPart, EvalSet, WholeSize

IMAGES_PER_QUERY = 20
"""How many images the gallery of a quick look has for each query, unless its queries name more."""
EXAMPLES_PER_QUERY = 20
"""How many triplets (or images, or texts) of the train split there are for each query."""
T = TypeVar("T")


def limit_mark(queries: int) -> str:
    """Everything that a quick look of so many queries depends on, as an ingredient."""
    return f"{queries} queries, each with {IMAGES_PER_QUERY} images and {EXAMPLES_PER_QUERY} training examples"


def few(items: Sequence[T], queries: int | None) -> Sequence[T]:
    """What there is to train on, evenly spaced, in a quick look of so many queries; all of it, if it is none."""
    return items if queries is None else _spaced(items, EXAMPLES_PER_QUERY * queries)


def limited(whole: EvalSet, queries: int) -> EvalSet:
    """``queries`` of an evaluation, the same ones every time, each part with a gallery that is cut.

    They are shared out evenly over the parts (at least one each) and evenly spaced in each part. A gallery keeps every
    image that a chosen query names (reference, targets, graded images, subset), and evenly spaced others until there
    are `IMAGES_PER_QUERY` for each query, in their order.
    """
    counts = _shares({name: len(part.queries) for name, part in whole.parts.items()}, queries)
    parts = {name: _cut(part, counts[name]) for name, part in whole.parts.items()}
    return replace(whole, parts=parts, whole=WholeSize(whole.n_queries, whole.n_gallery))


def _shares(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many of each part: equal numbers, as far as the parts are large enough; what is left goes to larger parts."""
    found: dict[str, int] = {}
    left = total
    for place, name in enumerate(sorted(sizes, key=lambda name: sizes[name])):  # the small ones first
        share = -(-left // (len(sizes) - place))  # rounded up
        found[name] = max(1, min(share, sizes[name]))
        left = max(0, left - found[name])
    return found


def _cut(part: EvalPart, count: int) -> EvalPart:
    queries = _spaced(part.queries, count)
    truth = {query.id: part.truth[query.id] for query in queries}
    named = {image for query in queries for image in query.references}
    for one in truth.values():
        named |= {*one.targets, *one.excluded, *one.subset, *one.gains}
    others = [image for image in part.gallery if image not in named]
    room = IMAGES_PER_QUERY * count - (len(part.gallery) - len(others))
    kept = named | set(_spaced(others, max(0, room)))
    return EvalPart(tuple(queries), tuple(image for image in part.gallery if image in kept), truth)


def _spaced(items: Sequence[T], count: int) -> Sequence[T]:
    """``count`` items at equal distances, all of them if there are no more."""
    if count >= len(items):
        return items
    return [items[place * len(items) // count] for place in range(count)]
