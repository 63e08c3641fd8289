"""Whether a slightly worse method is told apart, and the same method under two names is not.

Run by hand on records with their queries, such as the committed ones::

    python benchmarks/statistics/worse_method.py --records leaderboard/records/css -m combiner

Two copies are added to the method's own row: ``…-again``, the same, and ``…-worse``, with a seeded 2 % of its rankings
flipped (the last candidate becomes the first). It prints the leaderboard's tie groups with these copies, and how the
p-value falls with the number of queries. Exit code 1 if the copies do not land where they belong.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from cir_bench.evaluation.measure import measure
from cir_bench.leaderboards import Section, build
from cir_bench.records.load import StoredRecord, load_records
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.ranking import PartRankings, Ranking
from cir_bench.statistics.queries import QueryResults
from cir_bench.statistics.randomisation import Sample, randomisation_tests


def worsened(results: QueryResults, share: float, rng: np.random.Generator) -> QueryResults:
    """``results`` with a share of each part's rankings turned upside down."""
    parts = {}
    for name, part in results.parts.items():
        chosen = rng.permutation(len(part.gallery)) < round(share * len(part.gallery))
        parts[name] = PartRankings(_flipped(part.gallery, chosen), part.subset and _flipped(part.subset, chosen))
    return QueryResults(parts, results.metrics, results.headline)


def _flipped(ranking: Ranking, chosen: np.ndarray) -> Ranking:
    counts = np.diff(ranking.queries.relevant_offsets)
    flipped = np.repeat(chosen, counts) & (ranking.better != NEVER)
    last = np.repeat(ranking.n_candidates, counts) - 1 - ranking.better - ranking.tied
    return replace(ranking, better=np.where(flipped, last, ranking.better))


def renamed(one: StoredRecord, ending: str, queries: QueryResults) -> StoredRecord:
    """The cell under another name, with the metrics of other queries."""
    cell = one.record.cell.model_copy(update={"method": one.record.cell.method + ending})
    found = measure(queries.parts, queries.metrics, headline=queries.headline.mean_of)
    metrics = {**found.metrics, queries.headline.name: found.headline}
    return StoredRecord(one.record.model_copy(update={"cell": cell, "metrics": metrics}), one.folder, queries)


def _sample(cells: list[StoredRecord], chosen: np.ndarray) -> Sample:
    values = [one.queries.contribution(one.queries.headline.name) for one in cells if one.queries is not None]
    return Sample(tuple(one.record.cell.seed for one in cells), np.stack([v[chosen] for v in values if v is not None]))


def _print_table(section: Section) -> None:
    print(section.title)
    for row in section.rows:
        value = row.metrics.get(section.headline)
        if row.group is not None and value is not None and value.interval is not None:
            ends = f"[{value.interval.low:5.2f}, {value.interval.high:5.2f}]"
            beaten = f"  beats {' '.join(row.beats)}" if row.beats else ""
            print(f"  {row.group:3d} {row.label:3s} {row.method:24s} {value.mean:6.2f} {ends}{beaten}")


def main() -> int:
    """Print the tables and the p-values, and whether the copies landed where they belong."""
    parser = argparse.ArgumentParser(description="A method again, and slightly worse.")
    parser.add_argument("--records", type=Path, required=True, action="append")
    parser.add_argument("-m", "--method", required=True)
    parser.add_argument("--share", type=float, default=0.02, help="of rankings that are flipped (default: 0.02)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of rankings")
    args = parser.parse_args()
    found, left_out = load_records(args.records)
    print(*left_out, sep="\n", end="\n" if left_out else "")
    own = [one for one in found if one.record.cell.method == args.method and one.queries is not None]
    if not own:
        sys.exit(f"There is no cell of {args.method} with its queries below {args.records}.")
    rng = np.random.default_rng(args.seed)
    worse = [renamed(one, "-worse", worsened(one.queries, args.share, rng)) for one in own if one.queries]
    again = [renamed(one, "-again", one.queries) for one in own if one.queries]

    good = True
    for section in build([*found, *again, *worse]).sections:
        rows = {row.method: row for row in section.rows if row.group is not None}
        if f"{args.method}-worse" not in rows:
            continue
        _print_table(section)
        first, copy, third = (rows[args.method + ending] for ending in ("", "-again", "-worse"))
        same = first.group == copy.group and not {first.label, copy.label} & {*first.beats, *copy.beats}
        apart = third.label in first.beats and third.label in copy.beats
        print("  again:", "one tie group" if same else "TOLD APART")
        print("  worse:", "told apart" if apart else "NOT TOLD APART")
        good &= same and apart
    mine = [one for one in own if one.record.cell.benchmark == own[0].record.cell.benchmark]
    theirs = worse[: len(mine)]
    n_queries = sum(own[0].record.n_queries.values())
    print(f"{args.method} against its worse copy, the first n queries in random order, not corrected:")
    order = rng.permutation(n_queries)
    for count in sorted({100, 250, 500, 1000, 2000, n_queries}):
        if count <= n_queries:
            chosen = order[:count]
            (p,) = randomisation_tests([(_sample(mine, chosen), _sample(theirs, chosen))], np.full(count, 1 / count))
            print(f"  n = {count:6,}: p over queries {p.queries:.4f}, with seeds {p.seeds:.4f}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
