"""Speed and memory of one training step of each method at its paper's size, taken by the harness's own trainer.

    python benchmarks/speed/train_step.py
    python benchmarks/speed/train_step.py --methods sadn-finetune --no-gradient-checkpointing --device cuda --json

Method, encoder, batch, optimisers and losses are those of the paper track's FashionIQ recipe; weights, pixels and words
are random, so nothing is read or downloaded. Decoded images are in memory and augmentation is off: a step is encoding,
composing, losses, backward pass and optimisers. An image is a reference or a target, so a batch of B has 2 B of them.

On a GPU every method runs in float32 and in bfloat16 (autocast); memory is the allocator's peak, weights and optimiser
state included. On a CPU, where paper sizes take minutes and tens of gigabytes, it is one step of a reduced batch,
without warming up; memory is the process's peak. Each measurement is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from one_step import WORKLOADS, measure

from cir_bench.runs.device import choose_device

PRECISIONS = ("float32", "bfloat16")
GPU_STEPS, GPU_WARMUP = 10, 3


def child(args: argparse.Namespace, name: str, precision: str) -> dict[str, Any]:
    """Measure one workload in a process of its own; a failure is a row too."""
    command = [sys.executable, __file__, *args.raw, "--only", name, "--precision", precision]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode < 0:
        return {"workload": name, "precision": precision, "error": "killed, most likely for memory"}
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def only(args: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Measure in this process."""
    torch.set_num_threads(args.threads)
    load, on_gpu = WORKLOADS[args.only], device.type == "cuda"
    batch = args.batch or (None if on_gpu else load.cpu_batch)
    steps = args.steps or (GPU_STEPS if on_gpu else 1)
    warmup = GPU_WARMUP if on_gpu else 0
    options = {"batch": batch, "device": device, "precision": args.precision[0], "steps": steps, "warmup": warmup}
    try:
        return asdict(measure(args.only, load, gradient_checkpointing=args.gradient_checkpointing, **options))
    except torch.OutOfMemoryError as error:
        return {"workload": args.only, "precision": args.precision[0], "error": str(error).splitlines()[0]}


def line(row: Mapping[str, Any]) -> str:
    """A row of the table."""
    start = f"{row['workload']:15}{row['precision']:>10}"
    if row["error"]:
        return f"{start}  did not run: {row['error']}"
    batch = f"{row['batch']}" if row["batch"] == row["paper_batch"] else f"{row['batch']} of {row['paper_batch']}"
    numbers = f"{row['seconds']:10.3f}{row['images_per_second']:11.1f}{row['peak_mib']:11.0f}"
    return f"{start}{batch:>12}{numbers}  {row['what']}{', recomputed' * row['gradient_checkpointing']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--batch", type=int, help="triplets; by default the paper's on a GPU, on a CPU 2 (sadn: 2048)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, help="by default both on a GPU, else float32")
    parser.add_argument("--steps", type=int, help=f"measured steps; by default {GPU_STEPS} on a GPU, 1 on a CPU")
    parser.add_argument(
        "--gradient-checkpointing", action=argparse.BooleanOptionalAction, help="by default for sadn-finetune alone"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", action="store_true", help="a list of measurements instead of a table")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.raw = sys.argv[1:]
    device = choose_device(args.device)
    if args.only:
        print(json.dumps(only(args, device)))
        return
    precisions = args.precision or (PRECISIONS if device.type == "cuda" else PRECISIONS[:1])
    jobs = [(name, precision) for name in args.methods for precision in precisions]
    if args.json:
        print(json.dumps([child(args, *job) for job in jobs], indent=2))
        return
    if device.type == "cuda":
        print(f"{torch.cuda.get_device_name(device)}; memory is the allocator's peak")
    else:
        print(
            f"No GPU is used: one step each on the CPU, {args.threads} threads, at a reduced batch and without warming"
        )
        print("up; this shows that the steps run, not how fast they are. Memory is the peak of the whole process.")
    print(f"{'workload':15}{'precision':>10}{'batch':>12}{'s/step':>10}{'images/s':>11}{'peak MiB':>11}")
    for job in jobs:
        print(line(child(args, *job)), flush=True)


if __name__ == "__main__":
    main()
