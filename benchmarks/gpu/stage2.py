"""Combiner's and SADN's training on cached features at FashionIQ's size."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "speed"))

from loop import SIZES, Size, Task

EPOCHS = 100
"""SADN's second stage."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    size = Size(triplets=300, images=400, texts=2) if args.quick else SIZES["fashioniq"]
    width, batches, epochs = (16, (100,), 1) if args.quick else (640, (2048, 4096), 5)
    device = torch.device(args.device)
    rows = []
    for method in ("combiner", "sadn"):
        for batch in batches:
            epoch = Task(method, size, width, batch, device).harness()
            epoch(0)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
                torch.cuda.reset_peak_memory_stats(device)
            begun = time.perf_counter()
            for number in range(epochs):
                epoch(1 + number)  # reads the terms' means, so the device is done
            seconds = (time.perf_counter() - begun) / epochs
            peak = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
            row = {"method": method, "batch": batch, "s/epoch": seconds, f"{EPOCHS} epochs (s)": EPOCHS * seconds}
            rows.append(row | {"peak MiB": peak})
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
