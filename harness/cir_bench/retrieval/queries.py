"""`QuerySet`: what a ranking is judged against, as ids."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError


@dataclass(frozen=True)
class QuerySet:
    """Q queries of one part of a benchmark, in evaluation order.

    Attributes:
        ids: query ids, unique.
        targets: for every query the ids of the images that count as a hit; empty for a hidden test set. A target may be
            absent from the gallery or excluded: it is then never hit. The first is the one that the query was written
            for, where a data set tells it from the others (CIRCO).
        excluded: for every query the ids that are removed from its candidates (the reference image where the protocol
            says so); the empty default excludes nothing.
        tags: for every query its tags for breakdowns; the empty default has none.
        gains: for every query a value by image, the graded truth of soft metrics (CIRR); the empty default has none.

    Raises:
        DataError: lengths differ, a query id occurs twice, a query lists the same target twice, or a gain is no number.
    """

    ids: tuple[str, ...]
    targets: tuple[tuple[str, ...], ...]
    excluded: tuple[tuple[str, ...], ...] = ()
    tags: tuple[tuple[str, ...], ...] = ()
    gains: tuple[Mapping[str, float], ...] = ()

    def __post_init__(self) -> None:
        nothing: tuple[tuple[str, ...], ...] = ((),) * len(self.ids)
        set_field = object.__setattr__  # the dataclass is frozen; this is its constructor
        set_field(self, "ids", tuple(self.ids))
        set_field(self, "targets", _tuples("targets", self.targets))
        set_field(self, "excluded", _tuples("excluded", self.excluded) or nothing)
        set_field(self, "tags", _tuples("tags", self.tags) or nothing)
        set_field(self, "gains", tuple(map(dict, self.gains)) or ({},) * len(self.ids))
        for name in ("targets", "excluded", "tags", "gains"):
            if len(getattr(self, name)) != len(self.ids):
                raise DataError(f"{len(self.ids)} query ids came with {len(getattr(self, name))} lists of {name}.")
        repeated = first_repeated(self.ids)
        if repeated is not None:
            raise DataError(f"The query id {repeated!r} occurs more than once; query ids must be unique.")
        for query, targets in zip(self.ids, self.targets, strict=True):
            if len(targets) > 1 and len(set(targets)) != len(targets):
                raise DataError(f"Query {query!r} lists the target {first_repeated(targets)!r} more than once.")
        for query, gains in zip(self.ids, self.gains, strict=True):
            if gains and not all(map(math.isfinite, gains.values())):
                raise DataError(f"Query {query!r} has a gain that is no finite number.")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def target_offsets(self) -> NDArray[np.int64]:
        """``[Q + 1]``: query q's targets are ``target_ids[target_offsets[q] : target_offsets[q + 1]]``."""
        return offsets_of([len(targets) for targets in self.targets])

    @cached_property
    def target_ids(self) -> tuple[str, ...]:
        """All targets, flat, query by query: T ids."""
        return tuple(target for targets in self.targets for target in targets)

    @cached_property
    def judged(self) -> tuple[tuple[str, ...], ...]:
        """For every query the images whose places a ranking must know: targets, then those that only have a gain."""
        if not any(self.gains):
            return self.targets
        return tuple(
            (*targets, *(image for image in gains if image not in targets))
            for targets, gains in zip(self.targets, self.gains, strict=True)
        )

    @cached_property
    def judged_offsets(self) -> NDArray[np.int64]:
        """``[Q + 1]``: query q's judged images are ``judged_ids[judged_offsets[q] : judged_offsets[q + 1]]``."""
        return offsets_of([len(images) for images in self.judged])

    @cached_property
    def judged_ids(self) -> tuple[str, ...]:
        """All judged images, flat, query by query: J ids, of which T are targets."""
        return tuple(image for images in self.judged for image in images)

    @cached_property
    def rows_by_tag(self) -> Mapping[str, NDArray[np.int64]]:
        """For every tag the places of the queries that have it, ascending."""
        rows: dict[str, list[int]] = {}
        for row, tags in enumerate(self.tags):
            for tag in set(tags):
                rows.setdefault(tag, []).append(row)
        return {tag: np.array(own, dtype=np.int64) for tag, own in rows.items()}

    def judging(self, targets: Sequence[Sequence[str]]) -> Judging:
        """These queries with other truth: for every query some of its judged images; DataError when one is not."""
        held = QuerySet(self.ids, _tuples("targets", targets), self.excluded, self.tags)
        places: list[int] = []
        starts = self.judged_offsets.tolist()
        for query, start, images, known in zip(self.ids, starts[:-1], held.targets, self.judged, strict=True):
            for image in images:
                if image not in known:
                    raise DataError(f"The ranking of query {query!r} does not know where {image!r} stands.")
                places.append(start + known.index(image))
        return Judging(held, np.array(places, dtype=np.int64))

    @cached_property
    def by_targets(self) -> Judging:
        """Judged by the targets alone, gains left out."""
        return self.judging(self.targets)

    @cached_property
    def by_first_target(self) -> Judging:
        """Judged by the first target of each query."""
        return self.judging([targets[:1] for targets in self.targets])

    @cached_property
    def by_gains(self) -> tuple[tuple[float, Judging], ...]:
        """For every value v_1 > v_2 > … > 0 among the gains its step v_i - v_{i+1}, and judged by gains of v_i or more.

        The last step is down to 0. Gains of 0 and less are in none.
        """
        values = sorted({value for gains in self.gains for value in gains.values() if value > 0}, reverse=True)
        reached = [
            [tuple(image for image, gain in gains.items() if gain >= value) for gains in self.gains] for value in values
        ]
        steps = [value - lower for value, lower in pairwise([*values, 0.0])]
        return tuple((step, self.judging(targets)) for step, targets in zip(steps, reached, strict=True))


@dataclass(frozen=True)
class Judging:
    """Queries with other truth, made by :meth:`QuerySet.judging`.

    Attributes:
        queries: the same queries, with targets that are judged images of theirs, and without gains.
        places: for every target, flat, where it stands in the flat judged images of the queries that this is made of.
    """

    queries: QuerySet
    places: NDArray[np.int64]


def offsets_of(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """``[L + 1]`` offsets of ragged rows of these lengths laid end to end."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.asarray(lengths, dtype=np.int64), out=offsets[1:])
    return offsets


def owners_of(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every flat element the row that owns it: the inverse of :func:`offsets_of`."""
    return np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))


def first_repeated(ids: Sequence[str]) -> str | None:
    """The first id that occurs a second time, or None."""
    if len(set(ids)) == len(ids):
        return None
    seen: set[str] = set()
    for item in ids:
        if item in seen:
            return item
        seen.add(item)
    return None


def _tuples(name: str, rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    if isinstance(rows, str) or str in set(map(type, rows)):
        raise DataError(f"{name} must hold one list of strings per query, not bare strings.")
    return tuple(map(tuple, rows))
