"""Ranked lists of image ids, made elsewhere: checked against a benchmark's queries and gallery, and ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from cir_bench.errors import DataError, examples
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import QuerySet, first_repeated
from cir_bench.retrieval.ranking import Ranking

RankedLists: TypeAlias = "Mapping[str, Sequence[str | int]]"
"""By query id image ids, best first."""
NOTHING: frozenset[str] = frozenset()
FEWEST_OTHERS, EXPECTED = 5, 50
"""Lists are of a smaller gallery if at least so many images are in none of them, which chance would have listed that
often."""


@dataclass
class ListReport:
    """What was found in the ranked lists of a benchmark's ``n_queries`` queries; images and lengths by query."""

    n_queries: int = 0
    missing_queries: list[str] = field(default_factory=list)
    """They have no list, and count as misses."""
    unknown_queries: list[str] = field(default_factory=list)
    """They have a list, but the benchmark does not have them; ignored."""
    unknown_images: dict[str, list[str]] = field(default_factory=dict)
    """They are not in the gallery; dropped."""
    repeated_images: dict[str, list[str]] = field(default_factory=dict)
    """They are listed more than once; the first place is used."""
    excluded_images: dict[str, list[str]] = field(default_factory=dict)
    """The protocol excludes them; dropped by id, which is not a fault."""
    short_lists: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Length and the length needed of lists with fewer candidates than the metrics look at (and than exist). A target
    after its end counts as never hit, so the numbers may be too low."""
    short_subsets: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The same for a subset ranking, where only the query's own candidates in its list count."""
    elsewhere: list[str] = field(default_factory=list)
    """Sentences on parts whose lists seem to be rankings of another, smaller gallery."""

    def faults(self) -> list[str]:
        """One sentence, with examples, for each kind of fault; with any, numbers made from the lists are partial."""
        sentences = []
        if self.missing_queries:
            count = f"{len(self.missing_queries)} of {self.n_queries} queries"
            sentences.append(f"{count} have no prediction: {examples(self.missing_queries)}.")
        if self.unknown_queries:
            count = f"{len(self.unknown_queries)} predicted queries"
            sentences.append(f"{count} are not in the benchmark: {examples(self.unknown_queries)}.")
        for images, what in (
            (self.unknown_images, "list images that are not in the gallery"),
            (self.repeated_images, "list an image more than once"),
        ):
            if images:
                pairs = [f"{image} (query {query})" for query, listed in images.items() for image in listed]
                sentences.append(f"{len(images)} queries {what}: {examples(pairs)}.")
        for lengths, what in ((self.short_lists, "candidates"), (self.short_subsets, "of their own few candidates")):
            if lengths:
                pairs = [f"{query} lists {length}, {needed} are needed" for query, (length, needed) in lengths.items()]
                count = f"{len(lengths)} queries list fewer {what} than the metrics look at"
                sentences.append(f"{count}: {examples(pairs, between='; ')}.")
        return sentences + self.elsewhere

    def notes(self) -> list[str]:
        """Sentences on what is not a fault but worth knowing."""
        count = len(self.excluded_images)
        return [f"{count} queries list an image that the protocol excludes; it was dropped by id."] if count else []


@dataclass(frozen=True)
class ListedPart:
    """One part of a benchmark, to be ranked by lists of its queries."""

    queries: QuerySet
    """Their excluded images are dropped from the lists, by id."""
    gallery: frozenset[str]
    references: tuple[str, ...] = ()
    """Of the queries, in order."""
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
    if not allow_partial and (faults := report.faults()):
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
    if part.candidates is None:
        report.elsewhere += smaller_gallery(part, listed)
    ranks, sizes = np.array(better, dtype=np.int64), np.array([asked.n_candidates for asked in part.asked])
    return Ranking(part.queries, len(part.gallery), sizes, ranks, np.zeros_like(ranks))


def smaller_gallery(part: ListedPart, listed: Sequence[Any]) -> list[str]:
    """A sentence if the lists seem to be made over the references alone, the targets alone, or both.

    That is so if no list has any other image of the gallery, although by chance many would have. Such a gallery is
    smaller, so that its numbers are too high; and if it lacks targets, they are too low as well.
    """
    lists = [images for images in listed if isinstance(images, (list, tuple))]
    named = {str(image) for images in lists for image in images if isinstance(image, (str, int))}
    targets = {image for targets in part.queries.targets for image in targets} & part.gallery
    references = set(part.references) & part.gallery
    entries = sum(map(len, lists))
    both = references | targets
    for gallery, what in ((references, "references"), (targets, "targets"), (both, "references or targets")):
        others = part.gallery - gallery
        by_chance = entries * len(others) / max(1, len(part.gallery))
        if gallery and named and len(others) >= FEWEST_OTHERS and by_chance >= EXPECTED and named.isdisjoint(others):
            lost = len(targets & others)
            lacking = f", {lost} of them targets" if lost else ""
            return [
                f"No list has any of the {len(others)} gallery images that are not {what}{lacking}; "
                f"the lists seem to rank another gallery than the protocol's {len(part.gallery)} images."
            ]
    return []


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
