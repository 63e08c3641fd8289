"""Paired randomisation tests between the rows of a table, all pairs at once.

Two p-values for every pair, both two-sided, of the difference of the headlines:

``p_queries``: the null hypothesis is that for every query the two rows' values, each averaged over its seeds, are
exchangeable. The sign of each query's difference is drawn anew (Fisher's randomisation test). It is about these trained
models and the queries that might have been asked.

``p_seeds``: the same, and in addition that training with other seeds moves the means: Student's t, scaled by the
standard error over seeds, is added to every draw. Rows with the same seeds are paired by seed, otherwise it is Welch's.
That models of one method hit different queries is in both variances and so counts twice, which errs on the side of no
claim. With one seed there is nothing to add, and it equals ``p_queries``: trained models are compared, not methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cir_bench.statistics.draws import Floats, signs, uniform

N_DRAWS = 9_999
DRAWS_PER_TEST = 40
"""At least so many draws for each test of a table: otherwise no test could pass Holm's correction at 5 %."""
SAME = 1e-9
"""Share of the sum of all differences below which two sums are equal, added up in another order."""


class Sample(NamedTuple):
    """One row, for a test."""

    seeds: tuple[int, ...]
    values: Floats
    """``[S, Q]`` what each query contributes to the headline."""


class PValues(NamedTuple):
    """Of one pair."""

    queries: float
    seeds: float


def randomisation_tests(pairs: Sequence[tuple[Sample, Sample]], weights: Floats) -> list[PValues]:
    """Test every pair of rows over the same Q queries; ``weights`` ``[Q]`` of the queries in the headline sum to 1."""
    if not pairs:
        return []
    differences = np.stack([weights * (a.values.mean(0) - b.values.mean(0)) for a, b in pairs], axis=1)
    observed = np.abs(differences.sum(axis=0))
    errors = [_seed_error(a, b, weights) for a, b in pairs]
    n_draws = max(N_DRAWS, DRAWS_PER_TEST * len(pairs))
    reached = observed - SAME * np.abs(differences).sum(axis=0)
    drawn_seeds = uniform(n_draws)
    differing = np.flatnonzero((differences != 0).any(axis=1))
    counts = np.zeros((2, len(pairs)))
    start = 0
    for drawn in signs(n_draws, len(differing)) if len(differing) else ():
        flipped = drawn @ differences[differing]
        counts[0] += (np.abs(flipped) >= reached).sum(axis=0)
        noise = _students(errors, drawn_seeds[start : start + len(drawn)])
        counts[1] += (np.abs(flipped + noise) >= reached).sum(axis=0)
        start += len(drawn)
    sampled = (counts + 1) / (n_draws + 1)
    found = []
    for place, error in enumerate(errors):
        exact = _exact(differences[:, place])
        queries = float(sampled[0, place]) if exact is None else exact
        found.append(PValues(queries, max(queries, float(sampled[1, place])) if error.size else queries))
    return found


class _SeedError(NamedTuple):
    """Standard error over seeds of the difference of two rows, and its degrees of freedom."""

    size: float
    freedom: float


def _seed_error(a: Sample, b: Sample, weights: Floats) -> _SeedError:
    first, second = a.values @ weights, b.values @ weights
    independent = [first - second] if a.seeds == b.seeds else [first, second]
    squares = [(float(one.round(9).var(ddof=1)) / len(one), len(one) - 1) for one in independent if len(one) > 1]
    total = sum(square for square, _ in squares)
    if total == 0:
        return _SeedError(0.0, 1.0)
    return _SeedError(total**0.5, total**2 / sum(square**2 / freedom for square, freedom in squares))


def _students(errors: Sequence[_SeedError], drawn: Floats) -> Floats:
    """``[draws, pairs]`` of Student's t, scaled by each pair's standard error."""
    from scipy import special  # not scipy.stats: importing it takes a second, in every run

    quantiles = {freedom: special.stdtrit(freedom, drawn) for freedom in {e.freedom for e in errors if e.size}}
    nothing = np.zeros_like(drawn)
    return np.stack([error.size * quantiles.get(error.freedom, nothing) for error in errors], axis=1)


def _exact(differences: Floats) -> float | None:
    """The binomial p-value if all differences are of one size (one seed, no parts, no ties); otherwise None."""
    nonzero = differences[differences != 0]
    if not len(nonzero):
        return 1.0
    sizes = np.abs(nonzero)
    if sizes.max() - sizes.min() > SAME * sizes.max():
        return None
    from scipy import special

    positive = int((nonzero > 0).sum())
    return min(1.0, 2 * float(special.bdtr(min(positive, len(nonzero) - positive), len(nonzero), 0.5)))
