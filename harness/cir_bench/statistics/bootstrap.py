"""Bootstrap intervals over queries and seeds, of all rows of a table at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cir_bench.statistics.draws import Floats, resampled, resampled_seeds
from cir_bench.statistics.rows import RowValues

N_RESAMPLES = 4000
CONFIDENCE = 0.95


def bootstrap(rows: Sequence[RowValues]) -> list[dict[str, Floats]]:
    """For every row ``[N_RESAMPLES]`` by key: its metrics if other queries had been asked, and other seeds run.

    Queries are drawn with replacement within their part, seeds likewise and independently of them: crossed, because
    every seed is asked every query (Owen, Annals of Applied Statistics 2007). All rows see the same draws of queries
    and, if they have the same seeds, of seeds, so the difference of two rows' arrays is the paired bootstrap of their
    difference. Rows must have the same queries.
    """
    if not rows:
        return []
    columns = np.concatenate([_by_query(row) for row in rows], axis=1)
    sizes = [len(part.gallery) for part in rows[0].cells[0].parts.values()]
    means = np.concatenate([counts * rows[0].weights @ columns for counts in resampled(sizes, N_RESAMPLES)])
    found = []
    for row in rows:
        n_seeds, n_keys = len(row.seeds), len(row.values)
        own, means = means[:, : n_seeds * n_keys], means[:, n_seeds * n_keys :]
        weights = resampled_seeds(row.seeds, N_RESAMPLES)
        drawn = np.einsum("bs,bsk->bk", weights, own.reshape(-1, n_seeds, n_keys))
        found.append(dict(zip(row.values, drawn.T, strict=True)))
    return found


def interval(resamples: Floats) -> tuple[float, float]:
    """Percentile interval of ``[B]``: lower and upper end."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.round(np.quantile(resamples, [tail, 1 - tail]), 9)  # without the noise of another CPU's sums
    return float(low), float(high)


def _by_query(row: RowValues) -> Floats:
    """``[Q, S·K]``."""
    by_key: Floats = np.stack(list(row.values.values()), axis=2).transpose(1, 0, 2)
    return by_key.reshape(len(by_key), -1)
