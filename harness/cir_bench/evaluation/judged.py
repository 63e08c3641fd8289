"""By which of a query's images a metric judges its ranking: all targets, the first one, or graded ones."""

from __future__ import annotations

from enum import Enum
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from cir_bench.retrieval.ranking import Ranking


class JudgedBy(str, Enum):
    """The truth that a family of metrics holds a ranking against."""

    TARGETS = "targets"
    """Every image that counts as a hit."""
    FIRST_TARGET = "first target"
    """The one target that the query was written for (CIRCO's ``target_img_id``)."""
    GAINS = "gains"
    """Images with a value each (CIRR's ``target_soft``); the targets do not count by themselves."""

    def nothing(self, ranking: Ranking) -> NDArray[np.bool_]:
        """``[Q]``: which queries have nothing to be judged by."""
        if self is JudgedBy.GAINS:
            return np.array([not gains for gains in ranking.queries.gains], dtype=bool)
        return np.array(ranking.n_targets == 0, dtype=bool)

    def judgements(self, ranking: Ranking) -> list[tuple[float, Ranking]]:
        """Weights, and the ranking held against the truth that has this weight; a metric is the weighted sum.

        The best value v among some hits is the sum, over the distinct positive values v_1 > v_2 > … > v_{n+1} = 0, of
        (v_i - v_{i+1}) wherever a hit has v_i or more. In expectation over ties every term is a hit rate of its own, so
        the sum is exact. Values of 0 and less add nothing: hits of them score 0, as no hit does.
        """
        queries = ranking.queries
        if self is JudgedBy.TARGETS and not any(queries.gains):
            return [(1.0, ranking)]
        known = _JUDGED.setdefault(ranking, {})
        if self not in known:
            known[self] = self._judgements(ranking)
        return known[self]

    def _judgements(self, ranking: Ranking) -> list[tuple[float, Ranking]]:
        queries = ranking.queries
        if self is JudgedBy.TARGETS:
            return [(1.0, ranking.judged_by(queries.by_targets))]
        if self is JudgedBy.FIRST_TARGET:
            return [(1.0, ranking.judged_by(queries.by_first_target))]
        return [(step, ranking.judged_by(judging)) for step, judging in queries.by_gains]


_JUDGED: WeakKeyDictionary[Ranking, dict[JudgedBy, list[tuple[float, Ranking]]]] = WeakKeyDictionary()
"""Metrics that differ only in K share them, for as long as the ranking lives."""
