"""Metrics by name: what ``R@10`` means, per query and over queries, and which images count."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cir_bench.errors import ConfigError, DataError, did_you_mean
from cir_bench.evaluation import expected
from cir_bench.evaluation.expected import Values
from cir_bench.evaluation.relevance import Relevance
from cir_bench.retrieval.ranking import CandidateSet, PartRankings, Ranking

_LOWER_IS_BETTER = frozenset({"median_rank", "neg_recall"})


def lower_is_better(key: str) -> bool:
    """Whether a smaller value of a metric, such as ``mean/neg_recall@10``, is better."""
    return key.rpartition("/")[2].partition("@")[0] in _LOWER_IS_BETTER


def _mean(values: Values) -> float:
    return float(values.sum() / len(values))


@dataclass(frozen=True)
class MetricFamily:
    """Metrics that differ only in their cut-off K.

    ``pattern`` is the name as users write it, ``summary`` a sentence for the documentation. ``per_query`` maps a
    `Ranking` and K (1 without one) to ``[Q]`` values, fractions if ``percent``; ``over_queries`` makes one of
    them, of all queries or, if ``within_groups`` is given, of what that makes of each group of queries. Queries are
    ranked among ``candidates``; ``relevance`` says which images count.
    """

    pattern: str
    summary: str
    per_query: Callable[[Ranking, int], Values]
    percent: bool = True
    over_queries: Callable[[Values], float] = _mean
    within_groups: Callable[[Values], float] | None = None
    candidates: CandidateSet = CandidateSet.GALLERY
    relevance: Relevance = Relevance.TARGETS
    saturates: bool = False
    """Whether it is the same for every ranking once K takes in all candidates, as recall is."""

    @property
    def has_k(self) -> bool:
        """Whether the name ends in ``@K``."""
        return self.pattern.endswith("@K")

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean of what the single queries are worth."""
        return self.over_queries is _mean and self.within_groups is None


_FAMILIES = (
    MetricFamily(
        "R@K", "queries with any target among the first K (the field's Recall@K)", expected.hit_rate, saturates=True
    ),
    MetricFamily(
        "R_target@K",
        "R@K of the one target that the text was written for, where there are several (CIRCO's Recall@K)",
        expected.hit_rate,
        relevance=Relevance.FIRST_TARGET,
        saturates=True,
    ),
    MetricFamily(
        "R_soft@K",
        "mean of the best graded value among the first K, 0 where there is none (CIRR's soft targets)",
        expected.hit_rate,
        relevance=Relevance.GAINS,
        saturates=True,
    ),
    MetricFamily(
        "recall@K", "true recall: fraction of a query's targets among the first K", expected.true_recall, saturates=True
    ),
    MetricFamily("P@K", "fraction of the first K that are targets (PinPoint)", expected.precision),
    MetricFamily(
        "neg_recall@K",
        "explicit negatives among the first K / min(|negatives|, K), lower is better (PinPoint)",
        expected.negatives_found,
        relevance=Relevance.NEGATIVES,
    ),
    MetricFamily("mAP@K", "mean of Σ_{i≤K} P(i)·rel(i) / min(|targets|, K) (CIRCO)", expected.average_precision),
    MetricFamily(
        "mAP_trapezoid",
        "mean area under precision over recall by trapezoids, of the whole ranking (i-CIR, FreeDom)",
        lambda ranking, _: expected.trapezoidal_precision(ranking),
    ),
    MetricFamily(
        "mAP_trapezoid_subset",
        "mAP_trapezoid among each query's own candidates (i-CIR)",
        lambda ranking, _: expected.trapezoidal_precision(ranking),
        candidates=CandidateSet.SUBSET,
    ),
    MetricFamily(
        "mAP_trapezoid_subset_of_groups",
        "mAP_trapezoid_subset of each group of queries, and the mean of these over groups (i-CIR's instances)",
        lambda ranking, _: expected.trapezoidal_precision(ranking),
        candidates=CandidateSet.SUBSET,
        within_groups=_mean,
    ),
    MetricFamily(
        "worst_AP_trapezoid_subset_of_groups",
        "the worst query of each group, by the same area, and the mean of these over groups (i-CIR's instances)",
        lambda ranking, _: expected.trapezoidal_precision(ranking),
        candidates=CandidateSet.SUBSET,
        within_groups=lambda values: float(values.min()),
    ),
    MetricFamily(
        "nDCG@K",
        "mean of Σ_{i≤K} rel(i) / log2(i + 1) over its greatest possible value, targets weighing 1 (MTEB)",
        expected.normalised_gain,
    ),
    MetricFamily(
        "R_subset@K",
        "R@K among each query's own candidates (CIRR)",
        expected.hit_rate,
        candidates=CandidateSet.SUBSET,
        saturates=True,
    ),
    MetricFamily(
        "R_soft_subset@K",
        "R_soft@K among each query's own candidates (CIRR)",
        expected.hit_rate,
        candidates=CandidateSet.SUBSET,
        relevance=Relevance.GAINS,
        saturates=True,
    ),
    MetricFamily("MRR", "mean of 1 / rank of the best target", lambda ranking, _: expected.reciprocal_rank(ranking)),
    MetricFamily(
        "median_rank",
        "median over queries of the best target's expected rank, from 1; inf when half of them are never hit",
        lambda ranking, _: expected.first_rank(ranking),
        percent=False,
        over_queries=lambda values: float(np.median(values)),
    ),
)
FAMILIES = {family.pattern.removesuffix("@K"): family for family in _FAMILIES}
"""By name without the cut-off."""


@dataclass(frozen=True)
class Metric:
    """A metric with its cut-off, see :func:`parse_metric`."""

    name: str
    family: MetricFamily
    k: int

    def ranking(self, part: PartRankings) -> Ranking:
        """The ranking of a part that it looks at; `ConfigError` if the part has none."""
        if self.family.candidates is CandidateSet.GALLERY:
            return part.gallery
        if part.subset is None:
            raise ConfigError(f"{self.name} needs a subset ranking, which this benchmark does not have.")
        return part.subset

    def per_query(self, ranking: Ranking) -> Values:
        """``[Q]`` values of the ranking that it looks at, in percent (ranks: as they are).

        `DataError` if a query has no targets (a hidden test set) or gains, so that there is nothing to measure.
        """
        relevance = self.family.relevance
        without = np.flatnonzero(relevance.missing(ranking))
        if without.size:
            needed = "gains (graded truth)" if relevance is Relevance.GAINS else "targets"
            raise DataError(
                f"{self.name} needs {needed}, but {without.size} queries have none, "
                f"{ranking.queries.ids[without[0]]!r} the first; a hidden test set is scored by its own server."
            )
        values = np.zeros(len(ranking))
        for weight, weighted in relevance.rankings(ranking):
            values += weight * self.family.per_query(weighted, self.k)
        return 100 * values if self.family.percent else values

    def over_queries(self, values: Values, groups: Sequence[str]) -> float:
        """One number of the ``[Q]`` values of queries and the names of their groups.

        `DataError` if it is one over groups, and some query has none.
        """
        if self.family.within_groups is None:
            return self.family.over_queries(values)
        if not all(groups):
            raise DataError(f"{self.name} needs a group of every query, but {list(groups).count('')} have none.")
        _, of, sizes = np.unique(np.array(groups, dtype=object), return_inverse=True, return_counts=True)
        by_group = np.split(values[np.argsort(of, kind="stable")], np.cumsum(sizes)[:-1])
        return self.family.over_queries(np.array([self.family.within_groups(own) for own in by_group]))


def parse_metric(name: str) -> Metric:
    """The metric called ``name``, such as ``R@10`` or ``MRR``; `ConfigError` with the nearest name if there is none."""
    base, at, depth = name.partition("@")
    family = FAMILIES.get(base)
    if family is not None and family.has_k == bool(at) and (not at or re.fullmatch(r"[1-9][0-9]*", depth)):
        return Metric(name, family, int(depth) if at else 1)
    raise ConfigError(f"There is no metric {name!r}; {did_you_mean(name, [f.pattern for f in FAMILIES.values()])}")


def parse_metrics(names: Sequence[str]) -> tuple[Metric, ...]:
    """Several metrics, in order, each once."""
    return _parsed(tuple(names))


@lru_cache
def _parsed(names: tuple[str, ...]) -> tuple[Metric, ...]:
    """A protocol is asked about its metrics once for every query."""
    return tuple(parse_metric(name) for name in dict.fromkeys(names))


def beyond(names: Sequence[str], k: int) -> tuple[str, ...]:
    """The metrics whose cut-off is above ``k``."""
    return tuple(metric.name for metric in parse_metrics(names) if metric.k > k)


def says_nothing(name: str, gallery: int) -> bool:
    """Whether a metric, if it is one, is the same for every ranking of a gallery of so many images.

    That of a subset may be, too, but how many images a query's own candidates are is not known here.
    """
    base, _, depth = name.partition("@")
    family = FAMILIES.get(base)
    if family is None or not family.saturates or family.candidates is CandidateSet.SUBSET or not depth.isdecimal():
        return False
    return int(depth) >= gallery
