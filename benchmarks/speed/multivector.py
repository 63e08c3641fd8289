"""Exact search where every candidate has several vectors, against the same search with one vector each.

    python benchmarks/speed/multivector.py
    python benchmarks/speed/multivector.py --queries 2000 --gallery 20000 --vectors 32 --width 256

Random vectors; the two are measured alternately in one process, and the median of their ratios is printed. The goal is
at most 1.3 × M times the time of one vector, since there are M times as many products.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time

import torch

from cir_bench import Embedding
from cir_bench.inference.gallery import scorer_of
from cir_bench.interfaces.embedding import joint_score
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.search import search


def seconds(queries: Embedding, gallery: Embedding, asked: QuerySet, names: list[str]) -> float:
    """The time of one search, preparation of the vectors included."""
    began = time.perf_counter()
    search(scorer_of(joint_score, queries, gallery, torch.device("cpu")), asked, names)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--gallery", type=int, default=10_000)
    parser.add_argument("--vectors", type=int, default=32, help="M, the vectors of each candidate")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    queries = Embedding.single(torch.randn(options.queries, options.width, generator=generator))
    several = torch.randn(options.gallery, options.vectors, options.width, generator=generator)
    names = [f"{number:08d}" for number in range(options.gallery)]
    asked = QuerySet(
        ids=tuple(f"q{number}" for number in range(options.queries)),
        targets=tuple((names[number % len(names)],) for number in range(options.queries)),
    )
    one, many = Embedding.single(several[:, 0].contiguous()), Embedding({"main": several}, reduce="max")
    pairs = []
    for _ in range(options.repeats + 1):  # the first warms up
        pairs.append((seconds(queries, one, asked, names), seconds(queries, many, asked, names)))
    plain, slow = (statistics.median(side) for side in zip(*pairs[1:], strict=True))
    ratio = statistics.median(more / less for less, more in pairs[1:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform != "darwin" else 2**30)
    print(f"{options.queries} queries x {options.gallery} candidates, width {options.width}")
    print(f"one vector {plain:.3f} s, {options.vectors} vectors {slow:.3f} s")
    print(f"ratio {ratio:.1f}; per vector {ratio / options.vectors:.2f} (goal 1.3); peak memory {peak:.1f} GiB")


if __name__ == "__main__":
    main()
