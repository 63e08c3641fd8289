"""Tie groups: the weak order of a query's targets among its candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.retrieval.queries import offsets_of, owners_of

NEVER = -1
"""``better`` of an image that cannot be hit: it is not a candidate, or not in a truncated list."""


@dataclass(frozen=True)
class TargetGroups:
    """Candidates that tie with at least one target, best group first within each query; G groups in all.

    Attributes:
        offsets: ``[Q + 1]``, query q's groups are ``offsets[q] : offsets[q + 1]``; none where every target is missing.
        better: ``[G]``, number of candidates strictly better than the group.
        size: ``[G]``, number of candidates in the group, targets included.
        hits: ``[G]``, how many of them are targets (at least 1).
        before: ``[G]``, number of targets of the query in better groups.
    """

    offsets: NDArray[np.int64]
    better: NDArray[np.int64]
    size: NDArray[np.int64]
    hits: NDArray[np.int64]
    before: NDArray[np.int64]

    @property
    def query(self) -> NDArray[np.int64]:
        """``[G]``: the query a group belongs to."""
        return owners_of(self.offsets)

    def first(self) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """``[Q]`` whether a query has a group, and the index of the best group of each query that has one."""
        has_group = np.diff(self.offsets) > 0
        return has_group, self.offsets[:-1][has_group]


def group_targets(
    query_ids: tuple[str, ...], offsets: NDArray[np.int64], better: NDArray[np.int64], tied: NDArray[np.int64]
) -> TargetGroups:
    """Collect targets that tie with each other, and check that they describe one weak order.

    ``better`` and ``tied`` ``[T]`` are as in `Ranking`, ``offsets`` ``[Q + 1]`` says whose they are, and ``query_ids``
    name them in errors. `DataError` if two targets of a query contradict each other: overlapping groups of different
    sizes, or more targets in a group than candidates.
    """
    query = owners_of(offsets)
    found = np.flatnonzero(better != NEVER)
    order = found[np.lexsort((better[found], query[found]))]
    query, better, size = query[order], better[order], tied[order] + 1
    new = np.ones(len(order), dtype=bool)
    new[1:] = (query[1:] != query[:-1]) | (better[1:] != better[:-1])
    start = np.flatnonzero(new)
    hits = np.diff(np.append(start, len(order)))
    member = np.cumsum(new) - 1
    contradiction = query[size != size[start][member]]
    if not contradiction.size:
        contradiction = query[start][hits > size[start]]
    if not contradiction.size:
        same_query = query[start][1:] == query[start][:-1]
        overlap = better[start][1:] < (better + size)[start][:-1]
        contradiction = query[start][1:][same_query & overlap]
    if contradiction.size:
        name = query_ids[contradiction[0]]
        raise DataError(f"The ranks of the targets of query {name!r} contradict each other (overlapping tie groups).")
    group_offsets = offsets_of(np.bincount(query[start], minlength=len(query_ids)))
    before_all = np.cumsum(hits) - hits
    owner = owners_of(group_offsets)
    before = before_all - before_all[group_offsets[:-1][owner]]
    return TargetGroups(group_offsets, better[start], size[start], hits, before)
