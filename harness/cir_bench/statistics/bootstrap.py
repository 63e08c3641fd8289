"""Bootstrap intervals over queries and seeds, of all rows of a table at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cir_bench.statistics.draws import resampled, resampled_seeds
from cir_bench.statistics.rows import RowValues

Floats = NDArray[np.float64]

N_RESAMPLES = 4000
CONFIDENCE = 0.95


def bootstrap(rows: Sequence[RowValues]) -> list[Floats]:
    """For every row ``[N_RESAMPLES, K]``: its metrics had other queries been asked, and other seeds been run.

    Queries are drawn with replacement within their part, seeds likewise and independently of them: crossed, because
    every seed is asked every query (Owen, Annals of Applied Statistics 2007). All rows see the same draws of queries
    and, where they have the same seeds, of seeds, so the difference of two rows' arrays is the paired bootstrap of
    their difference. Rows must have the same queries.
    """
    if not rows:
        return []
    columns = np.concatenate([_by_query(row) for row in rows], axis=1)
    sizes = rows[0].sizes
    means = np.concatenate([counts * rows[0].weights @ columns for counts in resampled(sizes, N_RESAMPLES)])
    found = []
    for row in rows:
        n_seeds, n_keys = len(row.seeds), len(row.keys)
        own, means = means[:, : n_seeds * n_keys], means[:, n_seeds * n_keys :]
        weights = resampled_seeds(row.seeds, N_RESAMPLES)
        found.append(np.einsum("bs,bsk->bk", weights, own.reshape(-1, n_seeds, n_keys)))
    return found


def interval(resamples: Floats) -> tuple[Floats, Floats]:
    """Percentile interval of each column of ``[B, …]`` (or of ``[B]``): lower and upper ends."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.round(np.quantile(resamples, [tail, 1 - tail], axis=0), 9)  # less the noise of another CPU's sums
    return low, high


def _by_query(row: RowValues) -> Floats:
    """``[Q, S·K]``."""
    values: Floats = row.values.transpose(1, 0, 2).reshape(row.values.shape[1], -1)
    return values
