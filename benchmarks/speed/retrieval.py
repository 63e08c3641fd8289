"""Speed and memory of exact search beside the usual ways to rank, measured in one run on this machine.

    python benchmarks/speed/retrieval.py --queries 2000 --gallery 50000 --dim 512
    python benchmarks/speed/retrieval.py --queries 500 --gallery 1000000 --memmap --ways search

Each way runs in a process of its own, on the same seeded unit vectors, once to warm up on a twentieth of the queries
and then ``--repeat`` times; the fastest counts. Memory is the growth of the process's peak over what the vectors take
(on a GPU: the allocator's peak). Every way's target ranks or top images are compared with those of the search.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import TOP_K
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search

Vectors = Any
Found = tuple[list[tuple[int, int]] | None, list[int]]
"""For each query the first and last place its target may have (None where the way cannot tell), and the best image."""
Way = Callable[[argparse.Namespace, Vectors, Vectors], Found]


def target_of(query: int, args: argparse.Namespace) -> int:
    """The gallery row that is the target of a query."""
    return int(query * 7919 % args.gallery)


def by_search(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Found:
    names = [f"{i:08}" for i in range(args.gallery)]
    asked = QuerySet(
        tuple(map(str, range(len(queries)))), tuple((names[target_of(i, args)],) for i in range(len(queries)))
    )
    scorer = DotScorer(queries, gallery, args.device)
    ranking = search(scorer, asked, names, budget_bytes=args.budget_mib * 2**20, device=args.device)
    places = np.stack([ranking.better, ranking.better + ranking.tied], axis=1)
    return places.tolist(), [int(top[0]) for top in ranking.top_ids]


def by_argsort(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Found:
    """What published evaluators do: the whole matrix, sorted."""
    scores = torch.as_tensor(queries).to(args.device) @ torch.as_tensor(gallery).to(args.device).T
    order = scores.argsort(dim=1, descending=True)
    targets = torch.tensor([target_of(i, args) for i in range(len(queries))], device=args.device)
    places = (order == targets[:, None]).int().argmax(dim=1, keepdim=True)
    return places.expand(-1, 2).tolist(), order[:, 0].tolist()


def by_topk(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Found:
    """The whole matrix, top-k and a count: no sorting."""
    scores = torch.as_tensor(queries).to(args.device) @ torch.as_tensor(gallery).to(args.device).T
    top = scores.topk(TOP_K, dim=1).indices
    targets = torch.tensor([target_of(i, args) for i in range(len(queries))], device=args.device)
    places = (scores > scores.gather(1, targets[:, None])).sum(dim=1, keepdim=True)
    return places.expand(-1, 2).tolist(), top[:, 0].tolist()


def by_faiss(args: argparse.Namespace, queries: Vectors, gallery: Vectors) -> Found:
    """faiss-cpu's exact flat index: top-k alone, it cannot tell the rank of a target behind it."""
    import faiss

    faiss.omp_set_num_threads(args.threads)
    index = faiss.IndexFlatIP(args.dim)
    index.add(np.asarray(gallery))
    _, rows = index.search(np.asarray(queries), TOP_K)
    return None, rows[:, 0].tolist()


WAYS: dict[str, Way] = {"search": by_search, "argsort": by_argsort, "topk": by_topk, "faiss": by_faiss}


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Run one way in this process."""
    torch.set_num_threads(args.threads)
    queries = np.load(args.folder / "queries.npy")
    gallery = np.load(args.folder / "gallery.npy", mmap_mode="r" if args.memmap else None)
    way = WAYS[args.only]
    way(args, queries[: max(1, len(queries) // 20)], gallery)
    if args.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(args.repeat):
        start = time.perf_counter()
        places, best = way(args, queries, gallery)
        seconds.append(time.perf_counter() - start)
    if args.device == "cuda":
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": min(seconds), "peak": peak, "places": places, "best": best}


def baseline_peak(args: argparse.Namespace) -> int:
    """The peak of a process that has torch and the vectors in memory, and does one product of one pair."""
    torch.set_num_threads(args.threads)
    queries = np.load(args.folder / "queries.npy")
    gallery = np.load(args.folder / "gallery.npy", mmap_mode="r" if args.memmap else None)
    torch.as_tensor(queries[:1]) @ torch.as_tensor(np.array(gallery[:1])).T
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def make_vectors(folder: Path, name: str, rows: int, dim: int, seed: int) -> None:
    """Write seeded random unit vectors, a few at a time."""
    rng = np.random.default_rng(seed)
    out = np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(rows, dim))
    for start in range(0, rows, 10_000):
        part = rng.standard_normal((min(10_000, rows - start), dim), dtype=np.float32)
        out[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    out.flush()


def child(args: argparse.Namespace, folder: Path, way: str) -> Any:
    """Run one way, or the baseline, in a process of its own."""
    command = [sys.executable, __file__, *args.raw, "--only", way, "--folder", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{way} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--gallery", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--budget-mib", type=int, default=256, help="the search's memory budget")
    parser.add_argument("--memmap", action="store_true", help="leave the gallery on disk")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.raw = sys.argv[1:]
    if args.only:
        print(json.dumps(baseline_peak(args) if args.only == "baseline" else measure(args)))
        return
    with tempfile.TemporaryDirectory() as name:
        compare(args, Path(name))


def compare(args: argparse.Namespace, folder: Path) -> None:
    """Run every way and print one line for each."""
    make_vectors(folder, "queries", args.queries, args.dim, 0)
    make_vectors(folder, "gallery", args.gallery, args.dim, 1)
    base = 0 if args.device == "cuda" else child(args, folder, "baseline")
    print(f"{args.queries} queries x {args.gallery} images x {args.dim}, {args.device}, {args.threads} threads")
    print(f"{'way':10}{'seconds':>10}{'x search':>10}{'memory MiB':>12}  agreement")
    reference = None
    for way in ["search", *(way for way in args.ways if way != "search")]:
        if way == "faiss":
            try:
                import faiss  # noqa: F401
            except ImportError:
                print(f"{way:10}not measured: faiss-cpu is not installed")
                continue
        found = child(args, folder, way)
        reference = reference or found
        ratio, memory = found["seconds"] / reference["seconds"], (found["peak"] - base) / 2**20
        print(f"{way:10}{found['seconds']:10.2f}{ratio:10.2f}{memory:12.0f}  {agreement(found, reference)}")


def agreement(found: dict[str, Any], reference: dict[str, Any]) -> str:
    """How many queries get the search's best image, and a target rank among those that the search's ties allow."""
    best = np.mean(np.equal(found["best"], reference["best"]))
    if found["places"] is None:
        return f"best image {best:.2%}, target rank unknown"
    first, last = np.array(reference["places"]).T
    place = np.array(found["places"])[:, 0]
    return f"best image {best:.2%}, target rank {np.mean((first <= place) & (place <= last)):.2%}"


if __name__ == "__main__":
    main()
