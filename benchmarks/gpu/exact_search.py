"""Exact ranks and the best 50 next to the matrix product that they are made from, on the device."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search

CHUNK = 1 << 16
"""Candidates in a product of the plain way."""


def unit(rows: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Random unit vectors, made in parts."""
    torch.manual_seed(rows)
    out = torch.empty(rows, width, device=device, dtype=dtype)
    for start in range(0, rows, 1 << 20):
        part = out[start : start + (1 << 20)]
        part.copy_(torch.nn.functional.normalize(torch.randn(len(part), width, device=device)))
    return out


def product(queries: Tensor, gallery: Tensor) -> None:
    """All scores in single precision, a part of the gallery at a time, none kept."""
    for start in range(0, len(gallery), CHUNK):
        queries @ gallery[start : start + CHUNK].float().T


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    begun = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun


def measure(count: int, size: int, width: int, dtype: torch.dtype, device: torch.device) -> dict[str, Any]:
    queries, gallery = unit(count, width, device, torch.float32), unit(size, width, device, dtype)
    names = [str(row) for row in range(size)]
    asked = QuerySet(tuple(f"q{n}" for n in range(count)), tuple((names[n * 7919 % size],) for n in range(count)))
    few = QuerySet(asked.ids[:64], asked.targets[:64])
    row_of = {name: row for row, name in enumerate(names)}

    def ranked(some: QuerySet, vectors: Tensor) -> None:
        search(DotScorer(vectors, gallery, device), some, names, device=device, row_of=row_of)

    ranked(few, queries[:64])
    product(queries[:64], gallery)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    plain, exact = seconds(lambda: product(queries, gallery), device), seconds(lambda: ranked(asked, queries), device)
    peak = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
    shape = {"queries": count, "gallery": size, "width": width, "stored as": str(dtype).removeprefix("torch.")}
    return shape | {"search (s)": exact, "product (s)": plain, "ratio": exact / plain, "peak MiB": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    device = torch.device(args.device)
    if args.quick:
        sizes = [(200, 1000, torch.float32), (50, 3000, torch.float16)]
    else:
        sizes = [(33_480, 29_789, torch.float32), (4_181, 10_000_000, torch.float16)]
    width = 32 if args.quick else 512
    print(json.dumps([measure(count, size, width, dtype, device) for count, size, dtype in sizes]))


if __name__ == "__main__":
    main()
