"""What one more image, triplet or cell costs this machine, for the arithmetic of docs/scaling.md.

    python benchmarks/speed/bytes_per_item.py

Bytes are those that Python's allocator gives (tensors are counted by their size), of distinct ids, texts and names.
Rankings have made-up ids of CIRR's form and random scores, which compress no better than real ones.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
import tracemalloc

from cir_bench import Triplet
from cir_bench.plugin.loader import load_plugins
from cir_bench.retrieval.index import id_order, rows_by_id
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve_all
from cir_bench.training.rows import Rows


def bytes_of_an_image(count: int) -> float:
    """An id of 10 letters, its row and its place in the order of ids: what every process of a search holds."""
    tracemalloc.start()
    ids = [f"B{number:09d}" for number in range(count)]
    held = rows_by_id(ids), id_order(ids)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(held[0]) == count
    return size / count


def bytes_of_a_triplet(count: int) -> dict[str, float]:
    """A triplet of its own two images with one caption; as numbers; and at most while it is numbered."""
    tracemalloc.start()
    triplets = [
        Triplet(f"ref{number}", (f"is red and has longer sleeves, number {number:>7}",), f"tgt{number}")
        for number in range(count)
    ]
    objects, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    rows = Rows.of(triplets, [one.captions for one in triplets], {})
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    tensors = [rows.reference, rows.target, rows.options, rows.first, rows.counts]
    numbers = kept - objects + sum(one.nbytes for one in tensors)
    return {"object": objects / count, "numbers": numbers / count, "while numbering": (peak - objects) / count}


def seconds_of_a_cell(seeds: int) -> dict[str, float]:
    """Processor time to resolve a cell, and for those of its ingredients that need no data."""
    registry = load_plugins()
    resolve_all([RunRequest(methods=("tirg",))], registry)  # what is read once
    started = time.process_time()
    cells = resolve_all([RunRequest(methods=("tirg", "combiner", "sadn"), seeds=seeds)], registry)
    resolved = time.process_time()
    for cell in cells:
        cell.static_ingredients()
    done = time.process_time()
    return {"resolve": (resolved - started) / len(cells), "ingredients": (done - resolved) / len(cells)}


def bytes_of_rankings(queries: int) -> int:
    """The compressed rankings of a cell: 50 images of each query, with their scores."""
    drawn = random.Random(0)
    ids = [f"dev-{place}-{set_}-img{image}" for place in range(300) for set_ in range(4) for image in (0, 1)]
    lines = []
    for query in range(queries):
        top = {"top": drawn.sample(ids, 50), "scores": [round(drawn.random(), 8) for _ in range(50)]}
        lines.append(json.dumps({"query": f"q-{query}", "n_candidates": len(ids), **top}, separators=(",", ":")))
    return len(gzip.compress("\n".join(lines).encode(), 6))


def main() -> None:
    """Measure, and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--triplets", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, default=100, help="of three methods")
    parser.add_argument("--queries", type=int, default=4181)
    options = parser.parse_args()
    print(f"image in a search, {options.images:,} of them: {bytes_of_an_image(options.images):.0f} bytes")
    for what, size in bytes_of_a_triplet(options.triplets).items():
        print(f"triplet, {what}, {options.triplets:,} of them: {size:.0f} bytes")
    for what, seconds in seconds_of_a_cell(options.seeds).items():
        print(f"cell, {what}, {3 * options.seeds} of them: {1000 * seconds:.2f} ms")
    print(f"rankings of {options.queries:,} queries: {bytes_of_rankings(options.queries) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
