"""Rankings made elsewhere: checked against a benchmark's queries and gallery, and turned into a `Ranking`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.evaluation.predictions import check_ids
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import QuerySet, first_repeated
from cir_bench.retrieval.ranking import Ranking

EXAMPLES = 3
NOTHING: frozenset[str] = frozenset()
ByQuery = Mapping[str, tuple[str, ...]]
Lengths = Mapping[str, tuple[int, int]]
"""By query: how many usable images its list has, and how many are needed."""


@dataclass(frozen=True)
class ExternalReport:
    """What was found in predictions made elsewhere.

    Attributes:
        n_queries: how many queries the benchmark has.
        missing_queries: queries of the benchmark without a prediction; they count as misses.
        unknown_queries: predictions for queries that the benchmark does not have; they are ignored.
        unknown_images: images that are not in the gallery, by query; they are dropped.
        repeated_images: images listed more than once, by query; the first place counts.
        excluded_listed: images that the protocol excludes, by query; they are dropped by id, which is no fault.
        short_lists: queries whose list has fewer candidates than the metrics look at (and than there are): a target
            behind its end counts as never hit, so that the numbers may be too low.
        short_subsets: the same for a subset ranking, which counts only the query's own candidates in its list.
    """

    n_queries: int
    missing_queries: tuple[str, ...]
    unknown_queries: tuple[str, ...]
    unknown_images: ByQuery
    repeated_images: ByQuery
    excluded_listed: ByQuery
    short_lists: Lengths = field(default_factory=dict)
    short_subsets: Lengths = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether the predictions do not fit the benchmark, so that numbers made from them must be marked partial."""
        return bool(self.faults())

    def faults(self) -> list[str]:
        """One sentence, with examples, for each kind of fault; empty when the predictions fit."""
        sentences = []
        if self.missing_queries:
            count = f"{len(self.missing_queries)} of {self.n_queries} queries"
            sentences.append(f"{count} have no prediction: {_examples(self.missing_queries)}.")
        if self.unknown_queries:
            count = f"{len(self.unknown_queries)} predicted queries"
            sentences.append(f"{count} are not in the benchmark: {_examples(self.unknown_queries)}.")
        for images, what in (
            (self.unknown_images, "list images that are not in the gallery"),
            (self.repeated_images, "list an image more than once"),
        ):
            if images:
                pairs = [f"{image} (query {query})" for query, listed in images.items() for image in listed]
                sentences.append(f"{len(images)} queries {what}: {_examples(pairs)}.")
        for lengths, what in (
            (self.short_lists, "candidates"),
            (self.short_subsets, "of their own few candidates"),
        ):
            if lengths:
                pairs = [f"{query} lists {length}, {needed} are needed" for query, (length, needed) in lengths.items()]
                sentences.append(
                    f"{len(lengths)} queries list fewer {what} than the metrics look at: {_examples(pairs, '; ')}."
                )
        return sentences

    def notes(self) -> list[str]:
        """Sentences on what is no fault but should be known."""
        sentences = []
        if self.excluded_listed:
            sentences.append(
                f"{len(self.excluded_listed)} queries list an image that the protocol excludes; it was dropped by id."
            )
        return sentences


@dataclass(frozen=True)
class ExternalPart:
    """One part of a benchmark, to be ranked by predictions made elsewhere.

    Attributes:
        queries: its queries. Their excluded images are dropped from the lists, by id.
        gallery: the ids of its gallery.
        candidates: for a subset ranking (CIRR), each query's candidates; anything else in the lists is passed over, so
            that a ranking of the whole gallery serves here too. None: the whole gallery.
    """

    queries: QuerySet
    gallery: frozenset[str]
    candidates: Sequence[Collection[str]] | None = None

    @cached_property
    def query_ids(self) -> frozenset[str]:
        """The ids of its queries."""
        return frozenset(self.queries.ids)

    @cached_property
    def asked(self) -> tuple[_Asked, ...]:
        """What the list of each query is held against; DataError when there is not one set of candidates per query."""
        queries = self.queries
        subsets = self.candidates if self.candidates is not None else [None] * len(queries)
        if len(subsets) != len(queries):
            raise DataError(f"{len(queries)} queries came with {len(subsets)} lists of subset candidates.")
        asked = []
        for query, judged, excluded, subset in zip(queries.ids, queries.judged, queries.excluded, subsets, strict=True):
            pool = self.gallery if subset is None else self.gallery.intersection(subset)
            removed = pool.intersection(excluded) if excluded else NOTHING
            asked.append(_Asked(query, judged, removed, None if subset is None else pool, len(pool) - len(removed)))
        return tuple(asked)

    @cached_property
    def n_candidates(self) -> NDArray[np.int64]:
        """``[Q]`` how many candidates each query has."""
        return np.array([each.n_candidates for each in self.asked], dtype=np.int64)


class _Asked(NamedTuple):
    """A query, the images that are judged, those that are removed, its own candidates, and how many remain."""

    query: str
    judged: tuple[str, ...]
    removed: frozenset[str]
    pool: frozenset[str] | None
    n_candidates: int


def rank_external(
    predictions: Mapping[str, Sequence[str | int]],
    parts: Mapping[str, ExternalPart],
    *,
    depth: int,
    allow_partial: bool = False,
) -> tuple[dict[str, Ranking], ExternalReport]:
    """Check predictions made elsewhere and rank the targets of every part by them.

    Args:
        predictions: image ids, best first, by query id, for all parts together; lists may end after ``depth`` images.
        parts: the benchmark by part name (``""`` for a benchmark without parts); query ids are unique over all parts.
        depth: how many candidates the metrics look at: the largest cut-off.
        allow_partial: take predictions that do not fit: queries without one count as misses, so does a target behind
            the end of a short list, unknown queries and images and repetitions are dropped, and the report is
            ``partial``.

    Returns:
        Rankings by part, without their lists of best images, and what was found wrong.

    Raises:
        DataError: the predictions do not fit (one sentence for each kind of fault) and ``allow_partial`` is off; or
            they are not lists of ids, or two parts share a query id.
    """
    if not isinstance(predictions, Mapping):
        raise DataError(f"Predictions must be {{query id: [image ids, best first]}}, not {predictions!r:.60}.")
    query_ids = frozenset[str]().union(*(part.query_ids for part in parts.values()))
    if len(query_ids) < sum(len(part.queries) for part in parts.values()):
        shared = first_repeated([query for part in parts.values() for query in part.queries.ids])
        raise DataError(f"The query id {shared!r} occurs in more than one part; a prediction for it is ambiguous.")
    lists = predictions if set(map(type, predictions)) <= {str} else {str(key): predictions[key] for key in predictions}
    found = _Findings()
    rankings = {name: _rank_part(lists, part, depth, found) for name, part in parts.items()}
    report = ExternalReport(
        n_queries=len(query_ids),
        unknown_queries=() if lists.keys() <= query_ids else tuple(query for query in lists if query not in query_ids),
        missing_queries=tuple(found.missing),
        unknown_images=found.unknown,
        repeated_images=found.repeated,
        excluded_listed=found.excluded,
        short_lists=found.short,
        short_subsets=found.short_subsets,
    )
    if report.partial and not allow_partial:
        remedy = "Correct the predictions, or allow partial results (--allow-partial)."
        raise DataError(" ".join(["The predictions do not fit the benchmark.", *report.faults(), remedy]))
    return rankings, report


@dataclass
class _Findings:
    missing: list[str] = field(default_factory=list)
    short: dict[str, tuple[int, int]] = field(default_factory=dict)
    short_subsets: dict[str, tuple[int, int]] = field(default_factory=dict)
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    repeated: dict[str, tuple[str, ...]] = field(default_factory=dict)
    excluded: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _rank_part(lists: Mapping[str, Any], part: ExternalPart, depth: int, found: _Findings) -> Ranking:
    listed: list[Any] = list(map(lists.get, part.queries.ids))
    known = _all_known([images for images in listed if images is not None], part.gallery)
    better: list[int] = []
    for (query, judged, removed, pool, n_candidates), images in zip(part.asked, listed, strict=True):
        if images is None and query not in lists:
            found.missing.append(query)
            better += [NEVER] * len(judged)
            continue
        kept: Sequence[str] = images
        names: AbstractSet[str]
        # what names different images of the gallery and nothing else is taken as it is, the rest is gone through
        if not (known and images is not None and len(names := set(images)) == len(images)):
            kept = _usable(query, images, part.gallery, found)
            names = set(kept)
        if pool is not None and not names <= pool:
            kept, names = [image for image in kept if image in pool], names & pool
        if removed and not removed.isdisjoint(names):
            found.excluded[query] = tuple(sorted(removed & names))
            kept = list(kept)
            for image in found.excluded[query]:
                kept.remove(image)
        if len(kept) < depth and len(kept) < n_candidates:
            short = found.short if pool is None else found.short_subsets
            short[query] = (len(kept), min(depth, n_candidates))
        for image in judged:
            better.append(kept.index(image) if image in names and image not in removed else NEVER)
    ranks = np.array(better, dtype=np.int64)
    nothing: tuple[tuple[str, ...], ...] = ((),) * len(part.queries)
    return Ranking(part.queries, len(part.gallery), part.n_candidates, ranks, np.zeros_like(ranks), nothing)


def _all_known(listed: Sequence[Any], gallery: frozenset[str]) -> bool:
    """Whether all are lists of images of the gallery and nothing else; looked at together, which is much faster."""
    if not set(map(type, listed)) <= {list, tuple}:
        return False
    try:
        return gallery.issuperset(set().union(*listed))
    except TypeError:  # something that cannot be an id, as is said when its list is gone through
        return False


def _usable(query: str, images: Any, gallery: frozenset[str], found: _Findings) -> list[str]:
    """The images of a list that are in the gallery, each once and best first; what is wrong with it goes to ``found``.

    Raises:
        DataError: it is no list of ids.
    """
    row = check_ids(query, images)
    listed = dict.fromkeys(row)  # in the order of first places
    kept = [image for image in listed if image in gallery]
    if len(kept) < len(listed):
        found.unknown[query] = tuple(image for image in listed if image not in gallery)
    if len(listed) < len(row):
        found.repeated[query] = tuple(image for image, count in Counter(row).items() if count > 1)
    return kept


def _examples(items: Sequence[str], between: str = ", ") -> str:
    shown = between.join(items[:EXAMPLES])
    return f"{shown}{between}…" if len(items) > EXAMPLES else shown
