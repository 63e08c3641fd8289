"""Metrics by name: what ``R@10`` means, per query and over queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cir_bench.errors import ConfigError, DataError, did_you_mean
from cir_bench.evaluation import expected
from cir_bench.evaluation.expected import Values
from cir_bench.evaluation.relevance import Relevance
from cir_bench.retrieval.parts import CandidateSet, PartRankings
from cir_bench.retrieval.ranking import Ranking


@dataclass(frozen=True)
class MetricFamily:
    """Metrics that differ only in their cut-off K.

    Attributes:
        pattern: the name as users write it.
        summary: one sentence for the documentation.
        per_query: `Ranking` and K (1 if ``has_k`` is false) to ``[Q]``; a fraction if ``percent`` is true.
        has_k: whether the name ends in ``@K``.
        percent: whether values are fractions, shown in percent.
        over_queries: how a value per query becomes one.
        candidates: among which candidates queries are ranked.
        relevance: which images count.
    """

    pattern: str
    summary: str
    per_query: Callable[[Ranking, int], Values]
    has_k: bool = True
    percent: bool = True
    over_queries: Callable[[Values], float] = lambda values: float(values.sum() / len(values))
    candidates: CandidateSet = CandidateSet.GALLERY
    relevance: Relevance = Relevance.TARGETS


FAMILIES: dict[str, MetricFamily] = {
    "R": MetricFamily("R@K", "queries with any target among the first K (the field's Recall@K)", expected.hit_rate),
    "R_target": MetricFamily(
        "R_target@K",
        "R@K of the one target that the text was written for, where there are several (CIRCO's Recall@K)",
        expected.hit_rate,
        relevance=Relevance.FIRST_TARGET,
    ),
    "R_soft": MetricFamily(
        "R_soft@K",
        "mean of the best graded value among the first K, 0 where there is none (CIRR's soft targets)",
        expected.hit_rate,
        relevance=Relevance.GAINS,
    ),
    "recall": MetricFamily(
        "recall@K", "true recall: fraction of a query's targets among the first K", expected.true_recall
    ),
    "mAP": MetricFamily("mAP@K", "mean of Σ_{i≤K} P(i)·rel(i) / min(|targets|, K) (CIRCO)", expected.average_precision),
    "R_subset": MetricFamily(
        "R_subset@K", "R@K among each query's own candidates (CIRR)", expected.hit_rate, candidates=CandidateSet.SUBSET
    ),
    "R_soft_subset": MetricFamily(
        "R_soft_subset@K",
        "R_soft@K among each query's own candidates (CIRR)",
        expected.hit_rate,
        candidates=CandidateSet.SUBSET,
        relevance=Relevance.GAINS,
    ),
    "MRR": MetricFamily(
        "MRR", "mean of 1 / rank of the best target", lambda ranking, _: expected.reciprocal_rank(ranking), has_k=False
    ),
    "median_rank": MetricFamily(
        "median_rank",
        "median over queries of the best target's expected rank, from 1; inf when half of them are never hit",
        lambda ranking, _: expected.first_rank(ranking),
        has_k=False,
        percent=False,
        over_queries=lambda values: float(np.median(values)),
    ),
}


@dataclass(frozen=True)
class Metric:
    """A metric with its cut-off, see :func:`parse_metric`."""

    name: str
    family: MetricFamily
    k: int

    def ranking(self, part: PartRankings) -> Ranking:
        """The ranking of a part that it looks at; `ConfigError` if the part has none."""
        return part.ranking(self.family.candidates, self.name)

    def per_query(self, ranking: Ranking) -> Values:
        """``[Q]`` values of the ranking that it looks at, in percent (ranks: as they are).

        Raises:
            DataError: a query has no targets (a hidden test set) or gains, so there is nothing to measure.
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
    """The metric called ``name``, such as ``R@10``, ``recall@50``, ``mAP@5``, ``R_subset@1``, ``MRR``, ``median_rank``.

    Raises:
        ConfigError: there is no such metric; the message suggests the nearest name.
    """
    base, at, depth = name.partition("@")
    family = FAMILIES.get(base)
    if family is not None and family.has_k == bool(at) and (not at or re.fullmatch(r"[1-9][0-9]*", depth)):
        return Metric(name, family, int(depth) if at else 1)
    raise ConfigError(f"There is no metric {name!r}; {did_you_mean(name, [f.pattern for f in FAMILIES.values()])}")


def parse_metrics(names: Sequence[str]) -> tuple[Metric, ...]:
    """Several metrics, in order, each once."""
    return tuple(parse_metric(name) for name in dict.fromkeys(names))
