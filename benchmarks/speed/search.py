"""How long a query of `cir-bench search` and `serve` takes once it is encoded, and what an index takes in memory.

    python benchmarks/speed/search.py
    python benchmarks/speed/search.py --images 1000000 --width 512 --queries 50

Random vectors in the place of embeddings; each size is a process of its own. The median and the 95th percentile of
single queries, one after another; the first is not counted. Memory is that of the process above what it has before the
vectors.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from cir_bench import Composer, Embedding, Features
from cir_bench.inference.gallery import Candidates
from cir_bench.inference.rank import rank_part
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, Truth
from cir_bench.retrieval.index import rows_by_id

CPU = torch.device("cpu")


class Given(Composer):
    """The query is the reference's vector."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled())


class Vectors:
    """Random features."""

    def __init__(self, width: int) -> None:
        self._width, self._generator = width, torch.Generator().manual_seed(1)

    def images(self, ids: object) -> Features:
        return Features(pooled=torch.randn(1, self._width, generator=self._generator))

    texts = images


def memory() -> float:
    """MiB of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def measure(images: int, width: int, queries: int) -> str:
    before = memory()
    generator = torch.Generator().manual_seed(0)
    candidates = Candidates(Embedding.single(torch.randn(images, width, generator=generator)))
    names = tuple(f"/photos/{number:08d}.jpg" for number in range(images))
    source, composer, row_of = Vectors(width), Given(), rows_by_id(names)
    taken = []
    for _ in range(queries + 1):
        truth = {"query": Truth((), excluded=(names[images // 2],))}
        part = EvalPart((EvalQuery("query", "reference", ("text",)),), names, truth)
        began = time.perf_counter()
        rank_part(composer, source, part, candidates, device=CPU, top_k=20, row_of=row_of)  # type: ignore[arg-type]
        taken.append(1000 * (time.perf_counter() - began))
    middle, high = np.percentile(taken[1:], [50, 95])
    return f"| {images:,} | {middle:.1f} | {high:.1f} | {taken[0]:.0f} | {memory() - before:,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if len(options.images) == 1:
        print(measure(options.images[0], options.width, options.queries))
        return
    print("| images | p50 (ms) | p95 (ms) | first (ms) | memory (MiB) |\n|---|---|---|---|---|", flush=True)
    for images in options.images:
        same = ["--width", options.width, "--queries", options.queries, "--threads", options.threads]
        subprocess.run([sys.executable, __file__, "--images", str(images), *map(str, same)], check=True)


if __name__ == "__main__":
    main()
