"""`QuerySet`: the queries of a ranking, and the images that are relevant to them, as ids."""

from __future__ import annotations

import math
from collections import Counter
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
        targets: for every query the ids of the images that count as a hit; empty for a hidden test set. A target that
            is not in the gallery, or is excluded, is never hit. The first is the image that the query was written for,
            where a data set distinguishes it (CIRCO).
        excluded: for every query the ids that are removed from its candidates (the reference image, if the protocol
            removes it); the empty default excludes nothing.
        tags: for every query its tags for breakdowns; the empty default has none.
        gains: for every query a value by image, the graded relevance of soft metrics (CIRR), below 0 for an explicit
            negative; the empty default has none.
        groups: for every query the name of its group, for metrics that are averaged within groups first; "" is none.

    `DataError` if lengths differ, a query id occurs twice, a query lists a target twice, or a gain is not finite.
    """

    ids: tuple[str, ...]
    targets: tuple[tuple[str, ...], ...]
    excluded: tuple[tuple[str, ...], ...] = ()
    tags: tuple[tuple[str, ...], ...] = ()
    gains: tuple[Mapping[str, float], ...] = ()
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        nothing: tuple[tuple[str, ...], ...] = ((),) * len(self.ids)
        set_field = object.__setattr__  # the dataclass is frozen; this is its constructor
        set_field(self, "ids", tuple(self.ids))
        set_field(self, "targets", _tuples("targets", self.targets))
        set_field(self, "excluded", _tuples("excluded", self.excluded) or nothing)
        set_field(self, "tags", _tuples("tags", self.tags) or nothing)
        set_field(self, "gains", tuple(map(dict, self.gains)) or ({},) * len(self.ids))
        set_field(self, "groups", tuple(self.groups) or ("",) * len(self.ids))
        for name in ("targets", "excluded", "tags", "gains", "groups"):
            if len(getattr(self, name)) != len(self.ids):
                found = f"{len(getattr(self, name))} {'' if name == 'groups' else 'lists of '}{name}"
                raise DataError(f"{len(self.ids)} query ids came with {found}.")
        repeated = first_repeated(self.ids)
        if repeated is not None:
            raise DataError(f"The query id {repeated!r} occurs more than once; query ids must be unique.")
        for query, targets, gains in zip(self.ids, self.targets, self.gains, strict=True):
            if len(targets) > 1 and len(set(targets)) != len(targets):
                raise DataError(f"Query {query!r} lists the target {first_repeated(targets)!r} more than once.")
            if gains and not all(map(math.isfinite, gains.values())):
                raise DataError(f"Query {query!r} has a gain that is not finite.")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def target_offsets(self) -> NDArray[np.int64]:
        """``[Q + 1]``: where each query's targets begin when all T targets are laid end to end, and T."""
        return offsets_of([len(targets) for targets in self.targets])

    @cached_property
    def relevant(self) -> tuple[tuple[str, ...], ...]:
        """For every query its relevant images: the targets, then images that only have a gain."""
        if not any(self.gains):
            return self.targets
        return tuple(
            (*targets, *(image for image in gains if image not in targets))
            for targets, gains in zip(self.targets, self.gains, strict=True)
        )

    @cached_property
    def relevant_offsets(self) -> NDArray[np.int64]:
        """``[Q + 1]``: query q's images are ``relevant_ids[relevant_offsets[q] : relevant_offsets[q + 1]]``."""
        return offsets_of([len(images) for images in self.relevant])

    @cached_property
    def relevant_ids(self) -> tuple[str, ...]:
        """All J relevant images, flat, query by query."""
        return tuple(image for images in self.relevant for image in images)

    @cached_property
    def rows_by_tag(self) -> Mapping[str, NDArray[np.int64]]:
        """For every tag the indices of the queries that have it, ascending."""
        rows: dict[str, list[int]] = {}
        for row, tags in enumerate(self.tags):
            for tag in set(tags):
                rows.setdefault(tag, []).append(row)
        return {tag: np.array(own, dtype=np.int64) for tag, own in rows.items()}

    def choose(self, targets: Sequence[Sequence[str]]) -> TargetChoice:
        """These queries with some of their relevant images as targets; `DataError` if an image is not relevant."""
        queries = QuerySet(self.ids, _tuples("targets", targets), self.excluded, self.tags, groups=self.groups)
        places: list[int] = []
        starts = self.relevant_offsets.tolist()
        for query, start, images, relevant in zip(self.ids, starts[:-1], queries.targets, self.relevant, strict=True):
            for image in images:
                if image not in relevant:
                    raise DataError(f"The rank of {image!r} in query {query!r} is unknown.")
                places.append(start + relevant.index(image))
        return TargetChoice(queries, np.array(places, dtype=np.int64))

    @cached_property
    def all_targets(self) -> TargetChoice:
        """The targets, without the gains."""
        return self.choose(self.targets)

    @cached_property
    def first_targets(self) -> TargetChoice:
        """Only the first target of each query."""
        return self.choose([targets[:1] for targets in self.targets])

    @cached_property
    def negatives(self) -> TargetChoice:
        """The images with a gain below 0."""
        return self.choose([tuple(image for image, gain in gains.items() if gain < 0) for gains in self.gains])

    @cached_property
    def gain_steps(self) -> tuple[tuple[float, TargetChoice], ...]:
        """For the gains v_1 > v_2 > … > v_n > 0 each step v_i - v_{i+1}, and the images with a gain of at least v_i.

        The last step is v_n - 0. Gains of 0 and less are in none.
        """
        values = sorted({value for gains in self.gains for value in gains.values() if value > 0}, reverse=True)
        reached = [
            [tuple(image for image, gain in gains.items() if gain >= value) for gains in self.gains] for value in values
        ]
        steps = [value - lower for value, lower in pairwise([*values, 0.0])]
        return tuple((step, self.choose(targets)) for step, targets in zip(steps, reached, strict=True))


@dataclass(frozen=True, eq=False)
class TargetChoice:
    """Some of the relevant images of each query, taken as its targets; see :meth:`QuerySet.choose`."""

    queries: QuerySet
    """The same queries with these targets and without gains."""
    places: NDArray[np.int64]
    """For every target, flat, its index in the flat relevant images of the original queries."""


def offsets_of(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """``[L + 1]`` offsets of ragged rows of these lengths laid end to end."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.asarray(lengths, dtype=np.int64), out=offsets[1:])
    return offsets


def owners_of(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every flat element the row that owns it: the inverse of :func:`offsets_of`."""
    return np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))


def first_repeated(ids: Sequence[str]) -> str | None:
    """The first id that occurs more than once, or None."""
    if len(set(ids)) == len(ids):
        return None
    return next(item for item, count in Counter(ids).items() if count > 1)


def _tuples(name: str, rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    if isinstance(rows, str) or str in set(map(type, rows)):
        raise DataError(f"{name} must hold one list of strings per query, not bare strings.")
    return tuple(map(tuple, rows))
