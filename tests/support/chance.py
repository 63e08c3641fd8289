"""What a uniformly random ranking scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from cir_bench.retrieval.ranking import Ranking


@dataclass(frozen=True)
class Chance:
    """R@k over Q queries, in percent: its expectation, and the standard deviation of one random run."""

    mean: float
    sd: float


def chance_level(ranking: Ranking, k: int) -> Chance:
    """R@k with this ranking's candidates and targets; targets that are never hit do not count."""
    targets = np.bincount(ranking.groups.query, weights=ranking.groups.hits, minlength=len(ranking)).astype(int)
    hit = np.array([_hit(n, m, k) for n, m in zip(ranking.n_candidates.tolist(), targets.tolist(), strict=True)])
    return Chance(100 * float(hit.mean()), 100 * float(np.sqrt((hit * (1 - hit)).sum())) / len(hit))


@cache
def _hit(n: int, m: int, k: int) -> float:
    """The chance that one of m targets is among the first k of n candidates in random order."""
    return 1 - comb(n - m, min(n, k)) / comb(n, min(n, k))
