"""Metrics by name: what ``R@10`` means, per query and over queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import ConfigError, DataError, did_you_mean
from cir_bench.evaluation import expected
from cir_bench.retrieval.ranking import Ranking

Values = NDArray[np.float64]


class View(str, Enum):
    """Which ranking of a part a metric looks at."""

    GALLERY = "gallery"
    """The ranking of the whole gallery."""
    SUBSET = "subset"
    """The ranking of each query's own few candidates (CIRR)."""


@dataclass(frozen=True)
class Family:
    """Metrics that differ only in their cut-off K.

    Attributes:
        pattern: the name as users write it.
        summary: one sentence for the documentation.
        per_query: `Ranking` and K (1 where ``has_k`` is false) to ``[Q]``; a fraction where ``percent`` is true.
        has_k: whether the name ends in ``@K``.
        percent: whether values are fractions, shown in percent.
        over_queries: how a value per query becomes one.
        view: the ranking it looks at.
    """

    pattern: str
    summary: str
    per_query: Callable[[Ranking, int], Values]
    has_k: bool = True
    percent: bool = True
    over_queries: Callable[[Values], float] = lambda values: float(np.mean(values))
    view: View = View.GALLERY


FAMILIES: dict[str, Family] = {
    "R": Family("R@K", "queries with any target among the first K (the field's Recall@K)", expected.hit_rate),
    "recall": Family("recall@K", "true recall: fraction of a query's targets among the first K", expected.true_recall),
    "mAP": Family("mAP@K", "mean of Σ_{i≤K} P(i)·rel(i) / min(|targets|, K) (CIRCO)", expected.average_precision),
    "R_subset": Family(
        "R_subset@K", "R@K among each query's own candidates (CIRR)", expected.hit_rate, view=View.SUBSET
    ),
    "MRR": Family(
        "MRR", "mean of 1 / rank of the best target", lambda ranking, _: expected.reciprocal_rank(ranking), has_k=False
    ),
    "median_rank": Family(
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
    """A metric with its cut-off, made by :func:`parse_metric`."""

    name: str
    family: Family
    k: int

    @property
    def view(self) -> View:
        """Which ranking it looks at."""
        return self.family.view

    def per_query(self, ranking: Ranking) -> Values:
        """``[Q]`` values, in percent (ranks: as they are), for significance tests between methods.

        Raises:
            DataError: a query has no targets (a hidden test set): there is nothing to measure it by.
        """
        without = np.flatnonzero(ranking.n_targets == 0)
        if without.size:
            raise DataError(
                f"{self.name} needs targets, but {without.size} queries have none, {ranking.queries.ids[without[0]]!r} "
                "the first; a hidden test set is scored by its own server."
            )
        values = self.family.per_query(ranking, self.k)
        return 100 * values if self.family.percent else values

    def over_queries(self, values: Values) -> float:
        """One number out of the values of some queries; DataError when there are none."""
        if not len(values):
            raise DataError(f"{self.name} over no queries is undefined.")
        return self.family.over_queries(values)


def parse_metric(name: str) -> Metric:
    """The metric called ``name``, such as ``R@10``, ``recall@50``, ``mAP@5``, ``R_subset@1``, ``MRR``, ``median_rank``.

    Raises:
        ConfigError: there is none of that name; the sentence gives the nearest one.
    """
    base, at, depth = name.partition("@")
    family = FAMILIES.get(base)
    if family is not None and family.has_k == bool(at) and (not at or re.fullmatch(r"[1-9][0-9]*", depth)):
        return Metric(name, family, int(depth) if at else 1)
    raise ConfigError(f"There is no metric {name!r}; {did_you_mean(name, [f.pattern for f in FAMILIES.values()])}")


def parse_metrics(names: Sequence[str]) -> tuple[Metric, ...]:
    """Several metrics, in order, each once."""
    return tuple(parse_metric(name) for name in dict.fromkeys(names))
