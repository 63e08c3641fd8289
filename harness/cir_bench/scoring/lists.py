"""Ranked lists of image ids, made elsewhere: checked against a benchmark's queries and gallery, and ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import QuerySet, first_repeated
from cir_bench.retrieval.ranking import Ranking
from cir_bench.scoring.report import ListReport

RankedLists: TypeAlias = "Mapping[str, Sequence[str | int]]"
"""By query id image ids, best first."""
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ListedPart:
    """One part of a benchmark, to be ranked by lists of its queries."""

    queries: QuerySet
    """Their excluded images are dropped from the lists, by id."""
    gallery: frozenset[str]
    candidates: Sequence[Collection[str]] | None = None
    """For a subset ranking (CIRR), each query's candidates; other images in the lists are skipped, so that a ranking of
    the whole gallery can be used here too. None: the whole gallery."""

    @cached_property
    def query_ids(self) -> frozenset[str]:
        """The ids of its queries."""
        return frozenset(self.queries.ids)

    @cached_property
    def asked(self) -> tuple[_Asked, ...]:
        """What the list of each query is checked against; `DataError` unless every query has its own candidates."""
        queries = self.queries
        subsets = self.candidates if self.candidates is not None else [None] * len(queries)
        if len(subsets) != len(queries):
            raise DataError(f"{len(queries)} queries came with {len(subsets)} lists of subset candidates.")
        asked = []
        columns = zip(queries.ids, queries.relevant, queries.excluded, subsets, strict=True)
        for query, relevant, excluded, subset in columns:
            pool = self.gallery if subset is None else self.gallery.intersection(subset)
            removed = pool.intersection(excluded) if excluded else NOTHING
            asked.append(_Asked(query, relevant, removed, None if subset is None else pool, len(pool) - len(removed)))
        return tuple(asked)

    @cached_property
    def n_candidates(self) -> NDArray[np.int64]:
        """``[Q]`` how many candidates each query has."""
        return np.array([each.n_candidates for each in self.asked], dtype=np.int64)


class _Asked(NamedTuple):
    """A query, its relevant images, those that are removed, its own candidates, and how many remain."""

    query: str
    relevant: tuple[str, ...]
    removed: frozenset[str]
    pool: frozenset[str] | None
    n_candidates: int


def rank_lists(
    lists: RankedLists, parts: Mapping[str, ListedPart], *, depth: int, allow_partial: bool = False
) -> tuple[dict[str, Ranking], ListReport]:
    """Rankings of every part by ranked lists for all of them, without their lists of best images; what was wrong.

    Lists may end after ``depth`` images, which is how many candidates the metrics look at. `DataError` if lists do not
    fit, unless ``allow_partial`` accepts them (`ListReport` says what becomes of them); also if they are not lists of
    ids, or two parts share a query id.
    """
    if not isinstance(lists, Mapping):
        raise DataError(f"Predictions must be {{query id: [image ids, best first]}}, not {lists!r:.60}.")
    query_ids = frozenset[str]().union(*(part.query_ids for part in parts.values()))
    if len(query_ids) < sum(len(part.queries) for part in parts.values()):
        shared = first_repeated([query for part in parts.values() for query in part.queries.ids])
        raise DataError(f"The query id {shared!r} occurs in more than one part; a prediction for it is ambiguous.")
    by_id = lists if set(map(type, lists)) <= {str} else {str(query): lists[query] for query in lists}
    report = ListReport(len(query_ids))
    if not by_id.keys() <= query_ids:
        report.unknown_queries = [query for query in by_id if query not in query_ids]
    rankings = {name: _rank_part(by_id, part, depth, report) for name, part in parts.items()}
    faults = [] if allow_partial else report.faults()
    if faults:
        remedy = "Correct the predictions, or allow partial results (--allow-partial)."
        raise DataError(" ".join(["The predictions do not fit the benchmark.", *faults, remedy]))
    return rankings, report


def _rank_part(lists: Mapping[str, Any], part: ListedPart, depth: int, report: ListReport) -> Ranking:
    listed: list[Any] = list(map(lists.get, part.queries.ids))
    all_in_gallery = _all_in_gallery([images for images in listed if images is not None], part.gallery)
    better: list[int] = []
    for (query, relevant, removed, pool, n_candidates), images in zip(part.asked, listed, strict=True):
        if images is None and query not in lists:
            report.missing_queries.append(query)
            better += [NEVER] * len(relevant)
            continue
        kept: Sequence[str] = images
        names: AbstractSet[str]
        # a list of different images of the gallery is used as it is; any other is looked at image by image
        if not (all_in_gallery and images is not None and len(names := set(images)) == len(images)):
            kept = _usable(query, images, part.gallery, report)
            names = set(kept)
        if pool is not None and not names <= pool:
            kept, names = [image for image in kept if image in pool], names & pool
        if removed and not removed.isdisjoint(names):
            report.excluded_images[query] = sorted(removed & names)
            kept = list(kept)
            for image in report.excluded_images[query]:
                kept.remove(image)
        if len(kept) < depth and len(kept) < n_candidates:
            short = report.short_lists if pool is None else report.short_subsets
            short[query] = (len(kept), min(depth, n_candidates))
        for image in relevant:
            better.append(kept.index(image) if image in names and image not in removed else NEVER)
    ranks = np.array(better, dtype=np.int64)
    return Ranking(part.queries, len(part.gallery), part.n_candidates, ranks, np.zeros_like(ranks))


def _all_in_gallery(listed: Sequence[Any], gallery: frozenset[str]) -> bool:
    """Whether these are lists of images of the gallery only; much faster than looking at them one by one."""
    if not set(map(type, listed)) <= {list, tuple}:
        return False
    try:
        return gallery.issuperset(set().union(*listed))
    except TypeError:  # something that cannot be an id, which is reported when its list is looked at
        return False


def _usable(query: str, images: Any, gallery: frozenset[str], report: ListReport) -> list[str]:
    """The images of a list that are in the gallery, each once, best first; what is wrong with it goes to ``report``."""
    row = check_ids(query, images)
    listed = dict.fromkeys(row)  # in the order of first places
    kept = [image for image in listed if image in gallery]
    if len(kept) < len(listed):
        report.unknown_images[query] = [image for image in listed if image not in gallery]
    if len(listed) < len(row):
        report.repeated_images[query] = [image for image, count in Counter(row).items() if count > 1]
    return kept


def check_ids(query: str, images: Any) -> list[str]:
    """The ids of a query's list as strings; `DataError` unless it is a list of strings and whole numbers."""
    if not isinstance(images, (list, tuple)):
        raise DataError(f"The prediction of query {query!r} must be a list of image ids, not {images!r:.60}.")
    if set(map(type, images)) <= {str}:
        return list(images)
    for image in images:
        if isinstance(image, bool) or not isinstance(image, (str, int)):
            raise DataError(f"The prediction of query {query!r} lists {image!r:.60}, which is not an image id.")
    return [str(image) for image in images]
