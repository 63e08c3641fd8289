"""`Relevance`: which images a metric counts."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from cir_bench.retrieval.ranking import Ranking


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
