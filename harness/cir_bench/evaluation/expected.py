"""Values per query, in expectation over all orders of tied candidates, from tie groups alone.

A tie group of ``size`` T candidates, of which ``hits`` m are targets, follows ``better`` B candidates in a uniformly
random order. Every formula is the exact mean over the T! orders, not the metric of the mean rank. Each function maps a
`Ranking` of Q queries to ``[Q]`` float64; a target that is never hit contributes 0 (rank: inf).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cir_bench.retrieval.ranking import Ranking

Values = NDArray[np.float64]


def hit_rate(ranking: Ranking, k: int) -> Values:
    """Probability that any target is among the first k.

    Only the best group matters. With s = clip(k - B, 0, T) of its places among the first k, the hypergeometric chance
    that none of the m targets takes one of them is C(T - m, s) / C(T, s).
    """
    has_group, first = ranking.groups.first()
    groups = ranking.groups
    size, hits = groups.size[first], groups.hits[first]
    values = np.zeros(len(ranking))
    values[has_group] = 1 - _none_drawn(size, hits, np.clip(k - groups.better[first], 0, size))
    return values


def true_recall(ranking: Ranking, k: int) -> Values:
    """Expected fraction of a query's targets (missing ones included) that are among the first k."""
    recall: Values = _found(ranking, k) / np.maximum(ranking.n_targets, 1)
    return recall


def negatives_found(ranking: Ranking, k: int) -> Values:
    """Expected number of targets among the first k over min(|targets|, k): PinPoint's NegRecall, of negatives."""
    found: Values = _found(ranking, k) / np.clip(ranking.n_targets, 1, k)
    return found


def precision(ranking: Ranking, k: int) -> Values:
    """Expected fraction of the first k that are targets; places behind the last candidate count as misses."""
    found: Values = _found(ranking, k) / k
    return found


def _found(ranking: Ranking, k: int) -> Values:
    groups = ranking.groups
    inside = np.clip(k - groups.better, 0, groups.size)
    return _per_query(ranking, groups.hits * inside / groups.size)


def average_precision(ranking: Ranking, k: int) -> Values:
    """Expected AP@k = Σ_{i ≤ k} P(i) rel(i) / min(|targets|, k), the definition of CIRCO; P(i) is the precision at i.

    A target of a group takes each of its places j = 1 … T with probability 1/T. It then has the targets of better
    groups and, in expectation, (m - 1)(j - 1)/(T - 1) of its own group before it, so by linearity AP sums
    m/T · Σ_{j ≤ s} (before + 1 + (m - 1)(j - 1)/(T - 1)) / (B + j) over the groups, s = clip(k - B, 0, T).
    With c = (m - 1)/(T - 1) the inner sum is c·s + (before + 1 - c·(B + 1)) · (H(B + s) - H(B)).
    """
    groups = ranking.groups
    better, size, hits = groups.better, groups.size, groups.hits
    inside = np.clip(k - better, 0, size)
    slope = (hits - 1) / np.maximum(size - 1, 1)
    inner = slope * inside + (groups.before + 1 - slope * (better + 1)) * _harmonic(better, inside)
    return _per_query(ranking, hits / size * inner) / np.clip(ranking.n_targets, 1, k)


def trapezoidal_precision(ranking: Ranking) -> Values:
    """Expected Σ_hits (P(r - 1) + P(r)) / 2 / (|targets| + 1e-5) over the whole ranking, r the hit's rank, P(0) = 1.

    The area under precision over recall by trapezoids (i-CIR, FreeDom), as their evaluators compute it. In a group, a
    target at place j has b + c (j - 1) targets before it in expectation, b in better groups and c = (m - 1)/(T - 1).
    """
    groups = ranking.groups
    better, size, hits = groups.better, groups.size, groups.hits
    slope = (hits - 1) / np.maximum(size - 1, 1)
    at = slope * size + (groups.before + 1 - slope * (better + 1)) * _harmonic(better, size)
    # before the first place of all, precision is 1; the others of the group begin one place later
    start = np.where(better == 0, 1, 0)
    previous = slope * (size - start) + (groups.before - slope * better) * _harmonic(better + start - 1, size - start)
    area = hits / size * (at + previous + start) / 2
    return _per_query(ranking, area) / (ranking.n_targets + 1e-5)


def normalised_gain(ranking: Ranking, k: int) -> Values:
    """Expected nDCG@k with targets of equal weight: Σ_{i ≤ k} rel(i) / log2(i + 1), over its value for a perfect list.

    Each of a group's first s = clip(k - B, 0, T) places has a target with probability m/T.
    """
    groups = ranking.groups
    discounts = np.append(0.0, np.cumsum(1 / np.log2(np.arange(2, k + 2))))
    first, last = np.minimum(groups.better, k), np.clip(groups.better + groups.size, 0, k)
    gained = _per_query(ranking, groups.hits / groups.size * (discounts[last] - discounts[first]))
    normalised: Values = gained / discounts[np.clip(ranking.n_targets, 1, k)]
    return normalised


def reciprocal_rank(ranking: Ranking) -> Values:
    """Expected 1 / rank of the best target."""
    has_group, first = ranking.groups.first()
    groups = ranking.groups
    better, size, hits = groups.better[first], groups.size[first], groups.hits[first]
    # one target: each of the T places has chance 1/T
    best = np.where(size == 1, 1 / (better + 1), _harmonic(better, np.where(hits == 1, size, 0)) / size)
    several = np.flatnonzero((hits > 1) & (size > 1))
    kinds, which = np.unique(np.stack([better, size, hits], axis=1)[several], axis=0, return_inverse=True)
    of_kind = np.array([_reciprocal_in_group(*kind) for kind in kinds.tolist()], dtype=np.float64)
    best[several] = of_kind[which.ravel()]
    values = np.zeros(len(ranking))
    values[has_group] = best
    return values


def first_rank(ranking: Ranking) -> Values:
    """Expected rank (from 1) of the best target, B + (T + 1)/(m + 1); inf when no target is ever hit."""
    has_group, first = ranking.groups.first()
    groups = ranking.groups
    values = np.full(len(ranking), np.inf)
    values[has_group] = groups.better[first] + (groups.size[first] + 1) / (groups.hits[first] + 1)
    return values


def _none_drawn(size: NDArray[np.int64], hits: NDArray[np.int64], drawn: NDArray[np.int64]) -> Values:
    """C(T - m, s) / C(T, s) as a product of min(m, s) factors, which keeps full precision where gammas would not.

    C(T - m, s) / C(T, s) = C(T - s, m) / C(T, m), so the shorter of the two products is taken.
    """
    longer, shorter = np.maximum(hits, drawn), np.minimum(hits, drawn)
    none: Values = np.ones(len(size))
    for i in range(int(shorter.max(initial=0))):
        factor = np.maximum(size - longer - i, 0) / np.maximum(size - i, 1)
        none = np.where(i < shorter, none * factor, none)
    return none


def _reciprocal_in_group(better: int, size: int, hits: int) -> float:
    """Σ_j P(first target at place j) / (B + j), where P(j) = C(T - j, m - 1) / C(T, m)."""
    places = np.arange(1, size - hits + 2)
    # P(1) = m/T and P(j + 1) / P(j) = (T - j - m + 1) / (T - j)
    ratios = (size - places - hits + 1) / np.maximum(size - places, 1)
    chances = hits / size * np.cumprod(np.append(1.0, ratios[:-1]))
    return float((chances / (better + places)).sum())


def _harmonic(start: NDArray[np.int64], count: NDArray[np.int64]) -> Values:
    """Σ_{j=1}^{count} 1 / (start + j), elementwise."""
    last = np.where(count > 0, start + count, 0)
    harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, int(last.max(initial=0)) + 1)))
    difference: Values = harmonic[last] - harmonic[np.where(count > 0, start, 0)]
    return difference


def _per_query(ranking: Ranking, per_group: Values) -> Values:
    values: Values = np.bincount(ranking.groups.query, weights=per_group, minlength=len(ranking)).astype(np.float64)
    return values
