"""Speed and memory of exact search next to the usual ways to rank, measured in one run on this machine.

    python benchmarks/speed/retrieval.py --size cirr circo fashion200k --threads 1
    python benchmarks/speed/retrieval.py --queries 500 --gallery 1000000 --memmap --ways search

Every way is given the same seeded unit vectors and goes from these arrays to its result. There are two results:

* target ranks: ``search`` (exact, ties counted, and the best 50 as well), ``argsort`` and ``topk`` (without ties),
  ``faiss-ranks`` (faiss-cpu's exact index, asked for the whole gallery in order, since it cannot count);
* the best 50 alone: ``search-best`` (the same search where no target is known, as in a hidden test set), ``faiss``
  (``faiss-built``: with the index built before).

Each measurement is a process of its own that warms up on a twentieth of the queries. The ways take turns for
``--repeat`` rounds; the fastest round of each is reported. Memory is the growth of the process's peak over what the
vectors take (on a GPU: the allocator's peak). A way whose matrix does not fit ``--matrix-gib`` is given a part of the
queries, and its time is scaled. Every way's target ranks or best images are compared with those of the search.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ranking_ways import MATRIX_BYTES, WAYS

from cir_bench.retrieval.chunks import BUDGET_BYTES

SIZES = {"cirr": (4181, 2297), "fashion200k": (33_480, 29_789), "circo": (800, 123_403)}
"""Queries and gallery of CIRR val, Fashion200k test and CIRCO test."""


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Run one way in this process."""
    torch.set_num_threads(args.threads)
    queries = np.load(args.folder / "queries.npy")
    gallery = np.load(args.folder / "gallery.npy", mmap_mode="r" if args.memmap else None)
    matrix = MATRIX_BYTES.get(args.only, 0) * args.gallery
    asked = min(len(queries), max(1, int(args.matrix_gib * 2**30 / matrix))) if matrix else len(queries)
    part = queries[:asked]
    WAYS[args.only](args, part[: max(1, len(part) // 20)], gallery)()
    run = WAYS[args.only](args, part, gallery)
    if args.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    spent = []
    for _ in range(5 if asked * args.gallery < 2e7 else 1):  # what takes no second is easily disturbed
        start = time.perf_counter()
        tell = run()
        if args.device == "cuda":
            torch.cuda.synchronize()
        spent.append(time.perf_counter() - start)
    seconds = min(spent) * len(queries) / asked
    places, best = tell()
    peak = torch.cuda.max_memory_allocated() if args.device == "cuda" else peak_memory()
    ranks = None if places is None else places.tolist()
    return {"seconds": seconds, "asked": asked, "peak": peak, "places": ranks, "best": list(map(int, best))}


def baseline_peak(args: argparse.Namespace) -> int:
    """The peak of a process that has torch and the vectors in memory, and does one product of one pair."""
    torch.set_num_threads(args.threads)
    queries = np.load(args.folder / "queries.npy")
    gallery = np.load(args.folder / "gallery.npy", mmap_mode="r" if args.memmap else None)
    torch.as_tensor(queries[:1]) @ torch.as_tensor(np.array(gallery[:1])).T
    return peak_memory()


def peak_memory() -> int:
    """The most memory in bytes that this process has had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):  # unlike what getrusage tells, not that of the process which started this one
            return int(line.split()[1]) * 1024
    sys.exit("This system does not report the peak memory of a process; run this on Linux.")


def make_vectors(folder: Path, name: str, rows: int, dim: int, seed: int) -> None:
    """Write seeded random unit vectors, a few at a time."""
    rng = np.random.default_rng(seed)
    out = np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(rows, dim))
    for start in range(0, rows, 10_000):
        part = rng.standard_normal((min(10_000, rows - start), dim), dtype=np.float32)
        out[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    out.flush()


def child(args: argparse.Namespace, folder: Path, way: str) -> Any:
    """Run one way, or the baseline, in a process of its own, in which every library has ``--threads`` threads."""
    size = ["--queries", str(args.queries), "--gallery", str(args.gallery)]
    command = [sys.executable, __file__, *args.raw, *size, "--only", way, "--folder", str(folder)]
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], str(args.threads))
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | threads)
    if done.returncode < 0:
        sys.exit(f"{way} was killed, most likely for memory; lower --matrix-gib.")
    if done.returncode:
        sys.exit(f"{way} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", choices=SIZES, help="in the place of --queries and --gallery")
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--gallery", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument(
        "--budget-mib", type=int, default=BUDGET_BYTES // 2**20, help="memory of each of the search's threads"
    )
    parser.add_argument("--matrix-gib", type=float, default=8, help="memory for the ways that hold the whole matrix")
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
    for size in [SIZES[name] for name in args.size or ()] or [(args.queries, args.gallery)]:
        args.queries, args.gallery = size
        with tempfile.TemporaryDirectory() as name:
            compare(args, Path(name))


def compare(args: argparse.Namespace, folder: Path) -> None:
    """Run every way and print one line for each."""
    make_vectors(folder, "queries", args.queries, args.dim, 0)
    make_vectors(folder, "gallery", args.gallery, args.dim, 1)
    base = 0 if args.device == "cuda" else child(args, folder, "baseline")
    ways = ["search", *(way for way in args.ways if way != "search")]
    if importlib.util.find_spec("faiss") is None:
        print("faiss is not measured: pip install -e '.[bench]'")
        ways = [way for way in ways if not way.startswith("faiss")]
    print(f"{args.queries} queries x {args.gallery} images x {args.dim}, {args.device}, {args.threads} threads")
    print(f"{'way':12}{'seconds':>10}{'x search':>10}{'memory MiB':>12}  agreement", flush=True)
    fastest: dict[str, dict[str, Any]] = {}
    for _ in range(args.repeat):
        for way in ways:
            found = child(args, folder, way)
            if way not in fastest or found["seconds"] < fastest[way]["seconds"]:
                fastest[way] = found
    reference = fastest["search"]
    for way, found in fastest.items():
        ratio, memory = found["seconds"] / reference["seconds"], (found["peak"] - base) / 2**20
        print(f"{way:12}{found['seconds']:10.2f}{ratio:10.2f}{memory:12.0f}  {agreement(found, reference)}", flush=True)


def agreement(found: dict[str, Any], reference: dict[str, Any]) -> str:
    """How many queries get the search's best image, and a target rank among those that the search's ties allow."""
    asked = found["asked"]
    best = np.mean(np.equal(found["best"], reference["best"][:asked]))
    part = "" if asked == reference["asked"] else f", scaled from {asked} queries"
    if found["places"] is None:
        return f"best image {best:.2%}, target rank unknown{part}"
    first, last = np.array(reference["places"][:asked]).T
    place = np.array(found["places"])[:, 0]
    return f"best image {best:.2%}, target rank {np.mean((first <= place) & (place <= last)):.2%}{part}"


if __name__ == "__main__":
    main()
