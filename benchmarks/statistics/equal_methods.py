"""How often equal methods are reported as different: it must be 5 % of pairs at most.

Run by hand, with no data and no files: ``python benchmarks/statistics/equal_methods.py``. It simulates methods that are
equal by construction and passes them to the code of the leaderboard. Exit code 1 if the corrected test claims more than
5 % of the pairs of tables, or if single pairs are claimed so often that 5 % can be ruled out.

* pairs: two rows, one seed each; every query is hit with its own chance, the same for both. There is nothing to correct
  and the test is exact, so 5 % is expected, and 200 pairs scatter around it.
* tables: the same, ten rows to a table, corrected by Holm's method over its 45 pairs.
* seeds: pairs of three seeds each, and seeds differ as trained models do (1.5 points of standard deviation). The claims
  of the test over queries alone are printed, too: they are why the leaderboard asks for more.
"""

from __future__ import annotations

import argparse
import sys
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cir_bench.statistics.randomisation import PValues, Sample, randomisation_tests
from cir_bench.statistics.table import holm

CLAIM = 0.05
SCORE = 35.0
"""Mean hit rate of the methods, in percent: that of the better ones on css."""


def methods(rng: np.random.Generator, count: int, seeds: int, n_queries: int, seed_sd: float) -> list[Sample]:
    """Equal methods: hits of ``seeds`` models each on queries of very different difficulty, all drawn alike."""
    easy = rng.beta(SCORE / 100, 1 - SCORE / 100, n_queries)
    found = []
    for _ in range(count):
        shifts = rng.normal(0, seed_sd / 100, (seeds, 1))
        hits = rng.random((seeds, n_queries)) < easy + shifts
        found.append(Sample(tuple(range(seeds)), 100.0 * hits))
    return found


def test_pairs(rows: list[Sample]) -> list[PValues]:
    """Every pair of rows."""
    weights: NDArray[np.float64] = np.full(rows[0].values.shape[1], 1 / rows[0].values.shape[1])
    return randomisation_tests(list(combinations(rows, 2)), weights)


def report(kind: str, claimed: int, pairs: int) -> bool:
    """One line; whether so many claims go with 5 %."""
    low, high = stats.binomtest(claimed, pairs).proportion_ci()
    share = claimed / pairs
    print(f"{kind:<58} {claimed:4d} of {pairs:4d} = {share:6.1%}   95 % interval {low:.1%} to {high:.1%}")
    return bool(low <= CLAIM)


def main() -> int:
    """Simulate, print, say whether it holds."""
    parser = argparse.ArgumentParser(description="False claims between equal methods.")
    parser.add_argument("--pairs", type=int, default=200, help="simulated pairs of each kind (default: 200)")
    parser.add_argument("--queries", type=int, default=2053, help="queries of the benchmark (default: css's)")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)

    singles = [test_pairs(methods(rng, 2, 1, given.queries, 0.0))[0] for _ in range(given.pairs)]
    tables = [test_pairs(methods(rng, 10, 1, given.queries, 0.0)) for _ in range(-(-given.pairs // 45))]
    corrected = [p for table in tables for p in holm([one.queries for one in table])]
    seeded = [test_pairs(methods(rng, 2, 3, given.queries, 1.5))[0] for _ in range(given.pairs)]

    good = [
        report("pairs, one seed", sum(p.queries < CLAIM for p in singles), given.pairs),
        report("tables of ten rows, one seed, Holm", sum(p < CLAIM for p in corrected), len(corrected)),
        report("pairs, three seeds", sum(max(p) < CLAIM for p in seeded), given.pairs),
    ]
    print("for comparison, not what the leaderboard does:")
    raw = [one.queries for table in tables for one in table]
    report("  tables of ten rows, one seed, not corrected", sum(p < CLAIM for p in raw), len(raw))
    report("  pairs, three seeds, the test over queries alone", sum(p.queries < CLAIM for p in seeded), given.pairs)
    return 0 if all(good) and sum(p < CLAIM for p in corrected) <= CLAIM * len(corrected) else 1


if __name__ == "__main__":
    sys.exit(main())
