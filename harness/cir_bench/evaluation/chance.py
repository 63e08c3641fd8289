"""What a random ranking scores: the floor that sentinels must stand on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.evaluation.expected import none_among_first
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking


@dataclass(frozen=True)
class Chance:
    """R@K of a uniformly random ranking, over Q queries, in percent."""

    mean: float
    """Its expectation; a constant scorer gets exactly this."""
    sd: float
    """Standard deviation of one random run, queries independent: a random scorer lies within 3 of these."""


def expected_random(
    n_candidates: int | Sequence[int] | NDArray[np.int64],
    k: int,
    n_targets: int | Sequence[int] | NDArray[np.int64] = 1,
) -> Chance:
    """Chance level of R@k: per query 1 - C(n - m, k) / C(n, k) with n candidates and m targets among them.

    Args:
        n_candidates: candidates of each query; one number means the same for every query of ``n_targets``.
        k: the cut-off.
        n_targets: how many of a query's candidates are targets.

    Raises:
        DataError: no queries, or more targets than candidates.
    """
    candidates, targets = np.broadcast_arrays(np.atleast_1d(n_candidates), np.atleast_1d(n_targets))
    if not len(candidates) or (targets > candidates).any() or (targets < 0).any() or k < 1:
        raise DataError("A chance level needs at least one query, k ≥ 1, and no more targets than candidates.")
    hit = 1 - none_among_first(candidates, targets, k)
    return Chance(100 * float(hit.mean()), 100 * float(np.sqrt((hit * (1 - hit)).sum())) / len(hit))


def chance_level(ranking: Ranking, k: int) -> Chance:
    """Chance level of R@k with this ranking's candidates and targets; targets that are never hit do not count."""
    found = np.bincount(ranking.groups.query, weights=ranking.groups.hits, minlength=len(ranking)).astype(np.int64)
    return expected_random(ranking.n_candidates, k, found)


def constant_ranking(
    queries: QuerySet, gallery: Sequence[str], candidates: Sequence[Collection[str]] | None = None
) -> Ranking:
    """The ranking of a scorer that finds all candidates equally good: every metric of it is exactly at chance.

    Args:
        queries: the Q queries.
        gallery: ids of the N gallery images.
        candidates: for a subset ranking each query's own candidates; None: the whole gallery.
    """
    everything = frozenset(gallery)
    n_candidates, better, tied = [], [], []
    for row, (judged, excluded) in enumerate(zip(queries.judged, queries.excluded, strict=True)):
        pool = everything if candidates is None else everything.intersection(candidates[row])
        n_candidates.append(len(pool) - len(pool.intersection(excluded)))
        there = [image in pool and image not in excluded for image in judged]
        better += [0 if found else NEVER for found in there]
        tied += [n_candidates[-1] - 1 if found else 0 for found in there]
    nothing: tuple[tuple[str, ...], ...] = ((),) * len(queries)
    return Ranking(queries, len(gallery), np.array(n_candidates), np.array(better), np.array(tied), nothing)
