"""Metrics by name: what ``R@10`` means, per query and over queries, and which images count."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import ConfigError, DataError, did_you_mean
from cir_bench.evaluation import expected
from cir_bench.evaluation.expected import Values
from cir_bench.retrieval.ranking import CandidateSet, PartRankings, Ranking

_LOWER_IS_BETTER = frozenset({"median_rank", "neg_recall"})


def lower_is_better(key: str) -> bool:
    """Whether a smaller value of a metric, such as ``mean/neg_recall@10``, is better."""
    return key.rpartition("/")[2].partition("@")[0] in _LOWER_IS_BETTER


class Relevance(str, Enum):
    """What a metric counts as relevant."""

    TARGETS = "targets"
    """Every image that counts as a hit."""
    FIRST_TARGET = "first target"
    """Only the target that the query was written for (CIRCO's ``target_img_id``)."""
    GAINS = "gains"
    """Images with a value each (CIRR's ``target_soft``); a target without one does not count."""
    NEGATIVES = "negatives"
    """Images that are known to be wrong (`Query.negatives`); a query without any is worth 0."""

    def missing(self, ranking: Ranking) -> NDArray[np.bool_]:
        """``[Q]``: which queries have no relevant image."""
        if self is Relevance.GAINS:
            return np.array([not gains for gains in ranking.queries.gains], dtype=bool)
        if self is Relevance.NEGATIVES:
            return np.zeros(len(ranking), dtype=bool)
        return np.array(ranking.n_targets == 0, dtype=bool)

    def rankings(self, ranking: Ranking) -> list[tuple[float, Ranking]]:
        """Rankings whose targets are the relevant images, with weights; a metric is the weighted sum over them.

        The best gain v among some hits is the sum, over the distinct positive gains v_1 > v_2 > … > v_{n+1} = 0, of
        v_i - v_{i+1} wherever a hit has a gain of v_i or more. In expectation over ties every term is a hit rate of its
        own, so the sum is exact. Gains of 0 and less add nothing: such hits count as misses.
        """
        queries = ranking.queries
        if self is Relevance.GAINS:
            return [(step, ranking.for_targets(choice)) for step, choice in queries.gain_steps]
        if self is Relevance.NEGATIVES:
            return [(1.0, ranking.for_targets(queries.negatives))]
        if self is Relevance.FIRST_TARGET:
            return [(1.0, ranking.for_targets(queries.first_targets))]
        return [(1.0, ranking.for_targets(queries.all_targets) if any(queries.gains) else ranking)]


@dataclass(frozen=True)
class MetricFamily:
    """Metrics that differ only in their cut-off K.

    ``pattern`` is the name as users write it, ``summary`` a sentence for the documentation. ``per_query`` maps a
    `Ranking` and K (1 without one) to ``[Q]`` values, fractions if ``percent``; ``over_queries`` makes one of
    them. Queries are ranked among ``candidates``; ``relevance`` says which images count.
    """

    pattern: str
    summary: str
    per_query: Callable[[Ranking, int], Values]
    percent: bool = True
    over_queries: Callable[[Values], float] = lambda values: float(values.sum() / len(values))
    candidates: CandidateSet = CandidateSet.GALLERY
    relevance: Relevance = Relevance.TARGETS
    saturates: bool = False
    """Whether it is the same for every ranking once K takes in all candidates, as recall is."""

    @property
    def has_k(self) -> bool:
        """Whether the name ends in ``@K``."""
        return self.pattern.endswith("@K")


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


def parse_metric(name: str) -> Metric:
    """The metric called ``name``, such as ``R@10`` or ``MRR``; `ConfigError` with the nearest name if there is none."""
    base, at, depth = name.partition("@")
    family = FAMILIES.get(base)
    if family is not None and family.has_k == bool(at) and (not at or re.fullmatch(r"[1-9][0-9]*", depth)):
        return Metric(name, family, int(depth) if at else 1)
    raise ConfigError(f"There is no metric {name!r}; {did_you_mean(name, [f.pattern for f in FAMILIES.values()])}")


def parse_metrics(names: Sequence[str]) -> tuple[Metric, ...]:
    """Several metrics, in order, each once."""
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
