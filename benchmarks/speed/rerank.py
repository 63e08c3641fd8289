"""A search whose best K candidates are rescored, against the same search alone: time and memory.

    python benchmarks/speed/rerank.py
    python benchmarks/speed/rerank.py --queries 2000 --gallery 50000 --k 100

Random features and the network of the plugin `rerank`. Each of the two runs in a process of its own, so that its peak
memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence

import torch

from cir_bench import Composer, Embedding, EncoderShape, Features, FeatureShape
from cir_bench.inference.rank import rank
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, EvalSet, Truth
from cir_bench_rerank.params import RerankParams
from cir_bench_rerank.scorer import CrossScorer

CPU = torch.device("cpu")


class Sum(Composer):
    """Image plus text."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled() + text.need_pooled())


class Source:
    """Random features of N images by number and of Q texts."""

    def __init__(self, images: int, texts: int, width: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self._images = torch.randn(images, width, generator=generator)
        self._texts = torch.randn(texts, width, generator=generator)

    def images(self, ids: Sequence[str]) -> Features:
        return Features(pooled=self._images[[int(one) for one in ids]])

    def texts(self, texts: Sequence[str]) -> Features:
        return Features(pooled=self._texts[[int(one) for one in texts]])


def measure(options: argparse.Namespace) -> None:
    """Print the median time of some searches and the growth of the peak memory, of one process."""
    names = tuple(f"{number:08d}" for number in range(options.gallery))
    queries = tuple(EvalQuery(f"q{n}", names[n % len(names)], (str(n),)) for n in range(options.queries))
    truth = {query.id: Truth((names[-1 - n % len(names)],)) for n, query in enumerate(queries)}
    asked = EvalSet({"": EvalPart(queries, names, truth)})
    source = Source(options.gallery, options.queries, options.width)
    shape = EncoderShape(FeatureShape(pooled=options.width), FeatureShape(pooled=options.width))
    torch.manual_seed(0)
    reranker = CrossScorer(RerankParams(k=options.k), shape).eval() if options.only == "rescored" else None
    before, taken = peak(), []
    for _ in range(options.repeats + 1):  # the first warms up
        ranked = rank(Sum(), source, asked, subset=False, device=CPU, reranker=reranker)  # type: ignore[arg-type]
        taken.append(ranked.query_seconds)
    print(f"{1000 * statistics.median(taken[1:]) / options.queries:.3f} ms per query, {peak() - before:.0f} MiB more")


def peak() -> float:
    """The peak memory of this process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**10 if sys.platform != "darwin" else 2**20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--gallery", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["plain", "rescored"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options)
        return
    print(f"{options.queries} queries x {options.gallery} candidates, width {options.width}, K = {options.k}")
    for one in ("plain", "rescored"):
        print(f"{one:>8}: ", end="", flush=True)
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--only", one], check=True)


if __name__ == "__main__":
    main()
