"""A part of the train split that is held out for choosing the checkpoint, evaluated as the protocol evaluates."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.dataset import Query, Triplet, TripletSampler
from cir_bench.protocols.build import Spelling, under_protocol
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.protocol import Protocol

HELD_OUT = -1
"""The epoch in which a sampler's held-out triplets are drawn; it is never trained."""


def hold_out(
    triplets: Sequence[Triplet], fraction: float, max_queries: int, seed: int
) -> tuple[list[Triplet], list[Triplet]]:
    """Split training triplets into those to train on and at most ``max_queries`` to choose the checkpoint on.

    All triplets of one reference image go to the same side, so that near duplicates are not on both. Which references
    are held out depends on their ids and the seed alone, not on the order of the triplets. `ConfigError` if no
    reference has few enough triplets, or nothing would be left to train on.
    """
    limit = min(max_queries, max(1, round(fraction * len(triplets))))
    sizes = Counter(triplet.reference for triplet in triplets)
    held_references: set[str] = set()
    count = 0
    for reference in sorted(sizes, key=lambda reference: _place(seed, reference)):
        if count + sizes[reference] <= limit:
            held_references.add(reference)
            count += sizes[reference]
    train = [triplet for triplet in triplets if triplet.reference not in held_references]
    held = [triplet for triplet in triplets if triplet.reference in held_references]
    if not held or not train:
        raise ConfigError(
            f"{len(triplets)} training triplets over {len(sizes)} reference images cannot be split into a trained and "
            f"a held-out part of at most {limit}; set selection.on=last."
        )
    return train, held


def hold_out_drawn(
    sampler: TripletSampler, fraction: float, max_queries: int, seed: int
) -> tuple[TripletSampler, list[Triplet]]:
    """Split a sampler's images in two: triplets for training are drawn from one part, held-out ones from the other.

    No image is in both, as reference or as target, nor are images with the same description.
    Both images of a drawn triplet are held out, with their related images, until there are enough; each of them is then
    the reference of one held-out triplet. `ConfigError` if no pair has few enough related images, or nothing would be
    left to train on.
    """
    limit = min(max_queries, max(2, round(fraction * len(sampler.images))))
    held: set[str] = set()
    for triplet in sorted(sampler.draw(seed, HELD_OUT), key=lambda triplet: _place(seed, triplet.reference)):
        family = {*sampler.same_description(triplet.reference), *sampler.same_description(triplet.target)} - held
        if len(held) + len(family) <= limit:
            held |= family
        if len(held) == limit:
            break
    try:
        train = sampler.among({image for image in sampler.images if image not in held})
        return train, list(sampler.among(held).draw(seed, HELD_OUT))
    except DataError as error:
        raise ConfigError(
            f"{len(sampler.images)} training images cannot be split into a trained and a held-out part of at most "
            f"{limit} ({str(error).rstrip('.')}); set selection.on=last."
        ) from error


def held_out_set(
    held: Sequence[Triplet],
    protocol: Protocol,
    spelling: Spelling | None = None,
    fill: Mapping[str, Sequence[str]] | None = None,
    sentence: str | None = None,
) -> EvalSet:
    """Held-out triplets as an evaluation: query texts and reference policy of the protocol, gallery = their images.

    The gallery of a part is the references ∪ targets of its held-out triplets, and the images ``fill`` has for it.
    ``sentence`` is that of `eval_set`.
    Triplets with the same reference and the same captions are one query, and all their targets count as hits, as does
    every other image of the gallery that the data set knows to be right (`Triplet.hits`); each has the gain 1, for
    protocols with soft metrics. Query ids are ``held-0``, ``held-1``, ….
    """
    asked: dict[tuple[str, str, tuple[str, ...]], list[Triplet]] = {}
    galleries: dict[str, dict[str, None]] = {}
    for triplet in held:
        asked.setdefault((triplet.part, triplet.reference, triplet.captions), []).append(triplet)
        galleries.setdefault(triplet.part, {}).update(dict.fromkeys((triplet.reference, triplet.target)))
    for part, images in galleries.items():
        images.update(dict.fromkeys((fill or {}).get(part, ())))
    queries: dict[str, list[Query]] = {}
    for number, ((part, reference, captions), same) in enumerate(asked.items()):
        right = dict.fromkeys(image for triplet in same for image in (triplet.target, *triplet.hits))
        hits = tuple(image for image in right if image in galleries[part])
        query = Query(f"held-{number}", reference, captions, hits, part, gains=dict.fromkeys(hits, 1.0))
        queries.setdefault(part, []).append(query)
    parts = {part: tuple(images) for part, images in galleries.items()}
    return under_protocol(queries, parts, protocol, spelling or {}, sentence=sentence)


def filling(
    train: Mapping[str, Collection[str]], held: Sequence[Triplet], sizes: Mapping[str, int], seed: int
) -> dict[str, list[str]]:
    """By part, the train images that fill a held-out gallery up to its size, as far as there are that many.

    Which they are depends on their ids and the seed alone.

    Args:
        train: by part, the images that are trained on.
        held: the held-out triplets.
        sizes: by part, how many images the gallery shall have.
        seed: the one of the split.
    """
    found = {}
    for part, images in images_by_part(held).items():
        others = sorted(set(train.get(part, ())) - images, key=lambda image: _place(seed, image))
        found[part] = others[: max(0, sizes.get(part, 0) - len(images))]
    return found


def images_by_part(triplets: Iterable[Triplet]) -> dict[str, set[str]]:
    """By part, the references and targets."""
    found: dict[str, set[str]] = {}
    for triplet in triplets:
        found.setdefault(triplet.part, set()).update((triplet.reference, triplet.target))
    return found


def _place(seed: int, reference: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{reference}".encode(), digest_size=16).digest()
