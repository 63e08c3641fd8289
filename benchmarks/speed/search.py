"""How long a query of `cir-bench search` and `serve` takes once it is encoded, and what an index takes in memory.

    python benchmarks/speed/search.py
    python benchmarks/speed/search.py --images 100000 --ways exact hnsw ivf --queries 50

Vectors in the place of embeddings, in a mapped file as an index has them; each size and way is a process of its own.
``random`` vectors have no neighbourhoods, which is the worst case of an approximate index; ``near`` vectors lie around
1 in 100 of them, as photos of one thing do, and so do the queries.

The median and the 95th percentile of single queries, one after another; the first is not counted. Memory is that of the
process above what it has before: of its own, and of mapped files, which gives way to other processes. Recall is the
share of the exact best 20 that are found, at the effort that `cir-bench index` would choose.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cir_bench import Composer, Embedding, Features
from cir_bench.inference.gallery import UnitCandidates
from cir_bench.inference.rank import rank_part
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, Truth
from cir_bench.search.gallery import Gallery
from cir_bench.search.vectors.arrays import Read
from cir_bench.search.vectors.recall import QUERIES, measured
from cir_bench.search.vectors.vectors import Vectors

CPU = torch.device("cpu")
K, BLOCK = 20, 10_000
COLUMNS = (
    *("images", "vectors", "search", "effort", "recall@20", "p50 (ms)", "p95 (ms)"),
    *("own memory (MiB)", "mapped (MiB)", "built (s)"),
)


class Given(Composer):
    """The query is the reference's vector."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        return Embedding.single(reference.need_pooled())


class Drawn:
    """Vectors, of which every block of rows can be drawn alone."""

    def __init__(self, kind: str, count: int, width: int) -> None:
        self._kind, self._width = kind, width
        self._centres = np.random.default_rng(0).standard_normal((max(1, count // 100), width), dtype=np.float32)

    def rows(self, seed: int, count: int) -> NDArray[np.float32]:
        draw = np.random.default_rng(seed)
        found = draw.standard_normal((count, self._width), dtype=np.float32)
        return found if self._kind == "random" else found + self._centres[draw.integers(0, len(self._centres), count)]


class Queries:
    """A source of one query after another."""

    def __init__(self, drawn: Drawn) -> None:
        self._drawn, self._asked = drawn, 0

    def images(self, ids: object) -> Features:
        self._asked += 1
        return Features(pooled=torch.from_numpy(self._drawn.rows(10**6 + self._asked, 1)))

    texts = images


def memory() -> tuple[float, float]:
    """MiB of this process now: its own, and of mapped files."""
    resident, shared = (int(one) for one in Path("/proc/self/statm").read_text(encoding="ascii").split()[1:3])
    return (resident - shared) * 4096 / 2**20, shared * 4096 / 2**20


def measure(options: argparse.Namespace, folder: Path) -> str:
    images, way = options.images[0], options.ways[0]
    drawn = Drawn(options.vectors, images, options.width)
    before = memory()
    vectors = Vectors.of(folder, f"{options.vectors} {images} {options.width}", [])
    sizes = [min(BLOCK, images - start) for start in range(0, images, BLOCK)]
    blocks = (
        Embedding.single(torch.from_numpy(drawn.rows(number, size))) for number, size in enumerate(sizes, start=1)
    )
    vectors.write(Read(units=True, raw=False), blocks, images)
    candidates = vectors.candidates({}, None, CPU)
    assert isinstance(candidates, UnitCandidates)
    names = tuple(f"/photos/{number:08d}.jpg" for number in range(images))
    gallery, effort, recall, built = Gallery(names, names, candidates), "", 1.0, 0.0
    if way != "exact":
        began = time.perf_counter()
        vectors.arrange(way, lambda *_: None)
        built = time.perf_counter() - began
        approximate = vectors.approximate(way, 1)
        asked = Embedding.single(torch.from_numpy(drawn.rows(10**7, QUERIES)))
        found = measured(candidates, asked, approximate, None)
        approximate.effort, effort, recall = found.effort, str(found.effort), found.recall
        gallery = Gallery(names, names, candidates, approximate=approximate)
    taken = timed(gallery, Queries(drawn), names[images // 2], options.queries)
    middle, high = np.percentile(taken[1:], [50, 95])
    own, shared = (now - then for now, then in zip(memory(), before, strict=True))
    shown = (f"{images:,}", options.vectors, way, effort, f"{recall:.3f}", f"{middle:.1f}", f"{high:.1f}")
    return row(*shown, f"{own:,.0f}", f"{shared:,.0f}", f"{built:,.0f}")


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def timed(gallery: Gallery, source: Queries, excluded: str, queries: int) -> list[float]:
    """Milliseconds of each query, as `Engine.search` answers it."""
    composer, taken = Given(), []
    truth = {"query": Truth((), excluded=(excluded,))}
    gallery.row_of  # noqa: B018 (once, as in a server)
    for _ in range(queries + 1):
        began = time.perf_counter()
        asked = Embedding.single(source.images(()).need_pooled())
        chosen = gallery if gallery.approximate is None else gallery.near(asked, K + 1)
        part = EvalPart((EvalQuery("query", "reference", ("text",)),), chosen.names, truth)
        rank_part(
            composer,
            source,  # type: ignore[arg-type]
            part,
            chosen.candidates,
            device=CPU,
            top_k=K,
            row_of=chosen.row_of,
            queries=asked,
        )
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--ways", nargs="+", choices=["exact", "hnsw", "ivf"], default=["exact", "hnsw", "ivf"])
    parser.add_argument("--vectors", choices=["random", "near"], default="near")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the indexes are written; default: a temporary folder")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.folder is not None and len(options.images) == len(options.ways) == 1:
        print(measure(options, options.folder), flush=True)
        return
    print(row(*COLUMNS), row(*["---"] * len(COLUMNS)), sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for images in options.images:
            for way in options.ways:
                same = {name: getattr(options, name) for name in ("vectors", "width", "queries", "threads")}
                words = [word for name, value in same.items() for word in (f"--{name}", str(value))]
                own = ["--images", str(images), "--ways", way, "--folder", str(options.folder or temporary)]
                subprocess.run([sys.executable, __file__, *own, *words], check=True)


if __name__ == "__main__":
    main()
