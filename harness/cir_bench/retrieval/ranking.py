"""`Ranking`: the ranks of every query's relevant images, and `PartRankings`. The only things metrics ever see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.retrieval.groups import NEVER, TargetGroups, group_targets
from cir_bench.retrieval.queries import QuerySet, TargetChoice, first_repeated

TOP_K = 50
"""Candidates kept per query by default: the deepest cut-off of the field's protocols."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """The ranks of the relevant images of Q queries among their candidates, and the best candidates; never Q×N scores.

    A query's candidates are the gallery without its excluded images. Ties are kept, not broken: for each relevant image
    it says how many candidates are strictly better and how many others tie with it, which is enough for the exact
    expectation of every metric over all orders of the tied ones. Arrays are read-only.

    Attributes:
        queries: the Q queries, with J relevant images.
        n_gallery: size of the gallery, before exclusions.
        n_candidates: ``[Q]`` number of candidates of each query.
        better: ``[J]`` (flat as ``queries.relevant_ids``) number of candidates strictly better than the image; `NEVER`
            (-1) if it is not a candidate, or not in a truncated list: it is never hit.
        tied: ``[J]`` number of *other* candidates, relevant ones included, that tie with it; 0 if it is never hit.
        top_ids: for every query its best candidates, best first, at most ``top_k``; the empty default knows none.
        top_scores: ``[Q, top_k]`` float32 scores of ``top_ids``, NaN after the end of a list; None if unknown.
        top_k: how many candidates are kept.

    Raises:
        DataError: anything contradicts the above; the message names the query.
    """

    queries: QuerySet
    n_gallery: int
    n_candidates: NDArray[np.int64]
    better: NDArray[np.int64]
    tied: NDArray[np.int64]
    top_ids: Sequence[tuple[str, ...]] = ()
    top_scores: NDArray[np.float32] | None = None
    top_k: int = TOP_K
    searched: InitVar[bool] = False
    """Whether the best candidates come from a search, so that they and their scores need no check."""

    def __post_init__(self, searched: bool) -> None:
        set_field = object.__setattr__  # the dataclass is frozen; this is its constructor
        if not len(self.top_ids):
            set_field(self, "top_ids", ((),) * len(self.queries))
        for name in ("n_candidates", "better", "tied"):
            set_field(self, name, _read_only(np.array(getattr(self, name), dtype=np.int64)))
        if self.top_scores is not None:
            set_field(self, "top_scores", _read_only(np.array(self.top_scores, dtype=np.float32)))
        self._check_shapes()
        self._check_ranks()
        if not searched:
            self._check_top_ids()
            self._check_top_scores()

    def __len__(self) -> int:
        return len(self.queries)

    @cached_property
    def groups(self) -> TargetGroups:
        """The targets' tie groups, best first; `DataError` if a query's targets contradict each other."""
        better, tied = self.better, self.tied
        if any(self.queries.gains):
            places = self.queries.all_targets.places
            better, tied = better[places], tied[places]
        return group_targets(self.queries.ids, self.queries.target_offsets, better, tied)

    @property
    def n_targets(self) -> NDArray[np.int64]:
        """``[Q]`` number of targets of each query, missing ones included."""
        return np.diff(self.queries.target_offsets)

    def for_targets(self, choice: TargetChoice) -> Ranking:
        """This ranking, without its top lists, for other targets: a choice made by its own queries."""
        if choice not in self._for_targets:
            better, tied = self.better[choice.places], self.tied[choice.places]
            self._for_targets[choice] = replace(
                self, queries=choice.queries, better=better, tied=tied, top_ids=(), top_scores=None
            )
        return self._for_targets[choice]

    @cached_property
    def _for_targets(self) -> dict[TargetChoice, Ranking]:
        """Kept for metrics that differ only in K."""
        return {}

    def _check_shapes(self) -> None:
        n_queries, n_relevant = len(self.queries), len(self.queries.relevant_ids)
        expected = {"n_candidates": (n_queries,), "better": (n_relevant,), "tied": (n_relevant,)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise DataError(f"Ranking: {name} has shape {getattr(self, name).shape}, expected {shape}.")
        if len(self.top_ids) != n_queries:
            raise DataError(f"Ranking: {n_queries} queries came with {len(self.top_ids)} lists of top images.")
        if self.top_scores is not None and self.top_scores.shape != (n_queries, self.top_k):
            raise DataError(f"Ranking: top_scores has shape {self.top_scores.shape}, not {(n_queries, self.top_k)}.")
        if self.top_k < 1 or self.n_gallery < 0 or (self.n_candidates < 0).any():
            raise DataError("Ranking: top_k must be at least 1, and no number of images may be negative.")

    def _check_ranks(self) -> None:
        offsets = self.queries.relevant_offsets
        candidates = np.repeat(self.n_candidates, np.diff(offsets))
        missing = self.better == NEVER
        wrong = (self.better < NEVER) | (self.tied < 0) | (missing & (self.tied != 0))
        wrong |= ~missing & (self.better + self.tied + 1 > candidates)
        if wrong.any():
            where = int(np.searchsorted(offsets, np.flatnonzero(wrong)[0], side="right")) - 1
            name, count = self.queries.ids[where], int(self.n_candidates[where])
            raise DataError(f"A target of query {name!r} has a rank outside its {count} candidates.")
        self.groups  # noqa: B018 (building the groups checks them)
        if any(self.queries.gains):
            group_targets(self.queries.ids, offsets, self.better, self.tied)

    def _check_top_ids(self) -> None:
        most = np.minimum(self.n_candidates, self.top_k).tolist()
        for row, top in enumerate(self.top_ids if any(self.top_ids) else ()):
            query, names = self.queries.ids[row], set(top)
            if len(top) > most[row]:
                raise DataError(f"Query {query!r} keeps {len(top)} top images of {self.n_candidates[row]} candidates.")
            if len(names) != len(top):
                raise DataError(f"Query {query!r} has the image {first_repeated(top)!r} twice among its top images.")
            if not names.isdisjoint(self.queries.excluded[row]):
                forbidden = min(names.intersection(self.queries.excluded[row]))
                raise DataError(f"Query {query!r} has the excluded image {forbidden!r} among its top images.")

    def _check_top_scores(self) -> None:
        if self.top_scores is not None:
            listed = np.arange(self.top_k) < np.array([[len(top)] for top in self.top_ids]).reshape(-1, 1)
            bad = ~(np.isfinite(self.top_scores) == listed).all(axis=1)
            rising = self.top_scores[:, 1:] > self.top_scores[:, :-1]  # false next to a NaN
            bad |= rising.any(axis=1)
            if bad.any():
                name = self.queries.ids[int(np.flatnonzero(bad)[0])]
                raise DataError(f"The top scores of query {name!r} are not finite, best first.")


class CandidateSet(str, Enum):
    """The candidates among which a query is ranked."""

    GALLERY = "gallery"
    """The whole gallery."""
    SUBSET = "subset"
    """Each query's own few candidates (CIRR)."""


@dataclass(frozen=True)
class PartRankings:
    """The rankings of one part: of the whole gallery and, if the benchmark has them, of each query's own candidates."""

    gallery: Ranking
    subset: Ranking | None = None

    def __post_init__(self) -> None:
        if not len(self.gallery):
            raise DataError("A ranking of no queries cannot be evaluated.")
        if self.subset is not None and self.subset.queries.ids != self.gallery.queries.ids:
            raise DataError("The subset ranking is not of the same queries, in the same order, as the gallery ranking.")


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
