"""The ranking of a scorer that knows nothing: every metric of it is exactly at chance."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking


def constant_ranking(
    queries: QuerySet, gallery: Sequence[str], candidates: Sequence[Collection[str]] | None = None
) -> Ranking:
    """The ranking of a scorer that scores all candidates alike.

    ``candidates`` are each query's own for a subset ranking; None: the whole gallery.
    """
    images = frozenset(gallery)
    n_candidates, better, tied = [], [], []
    for row, (relevant, excluded) in enumerate(zip(queries.relevant, queries.excluded, strict=True)):
        pool = images if candidates is None else images.intersection(candidates[row])
        n_candidates.append(len(pool) - len(pool.intersection(excluded)))
        is_candidate = [image in pool and image not in excluded for image in relevant]
        better += [0 if found else NEVER for found in is_candidate]
        tied += [n_candidates[-1] - 1 if found else 0 for found in is_candidate]
    return Ranking(queries, len(gallery), np.array(n_candidates), np.array(better), np.array(tied))
