"""A part of the train split that is held out for choosing the checkpoint, evaluated as the protocol evaluates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from cir_bench.errors import ConfigError
from cir_bench.interfaces.dataset import Query, Triplet
from cir_bench.protocols.eval_set import EvalSet, view
from cir_bench.protocols.protocol import Protocol


def hold_out(
    triplets: Sequence[Triplet], fraction: float, max_queries: int, seed: int
) -> tuple[list[Triplet], list[Triplet]]:
    """Split training triplets in two: what is trained on, and what the checkpoint is chosen on.

    All triplets of one reference image go to the same side, so that their near duplicates do not straddle it. Which
    references are held out depends on their ids and the seed alone, not on the order of the triplets.

    Args:
        triplets: the train split.
        fraction: part of the triplets to hold out.
        max_queries: hold out at most so many.
        seed: of the choice.

    Raises:
        ConfigError: no reference has few enough triplets, or nothing would be left to train on.
    """
    limit = min(max_queries, max(1, round(fraction * len(triplets))))
    sizes: dict[str, int] = {}
    for triplet in triplets:
        sizes[triplet.reference] = sizes.get(triplet.reference, 0) + 1
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


def held_out_set(
    held: Sequence[Triplet], protocol: Protocol, spelling: Mapping[str, Mapping[str, str]] | None = None
) -> EvalSet:
    """Held-out triplets as an evaluation: query texts and reference policy of the protocol, gallery = their images.

    The gallery of a part is the references ∪ targets of its held-out triplets. Triplets with the same reference and the
    same captions are one query, and all their targets count as hits, with every other image of the gallery that the
    data set knows to be right (`Triplet.hits`). Query ids are ``held-0``, ``held-1``, ….
    """
    asked: dict[tuple[str, str, tuple[str, ...]], list[Triplet]] = {}
    galleries: dict[str, dict[str, None]] = {}
    for triplet in held:
        asked.setdefault((triplet.part, triplet.reference, triplet.captions), []).append(triplet)
        galleries.setdefault(triplet.part, {}).update(dict.fromkeys((triplet.reference, triplet.target)))
    queries: dict[str, list[Query]] = {}
    for number, ((part, reference, captions), same) in enumerate(asked.items()):
        right = dict.fromkeys(image for triplet in same for image in (triplet.target, *triplet.hits))
        hits = tuple(image for image in right if image in galleries[part])
        queries.setdefault(part, []).append(Query(f"held-{number}", reference, captions, hits, part))
    return view(queries, {part: tuple(gallery) for part, gallery in galleries.items()}, protocol, spelling or {})


def _place(seed: int, reference: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{reference}".encode(), digest_size=16).digest()
