"""Runs the parts of the check, each in a process of its own, within a time limit, and writes their numbers.

benchmarks/gpu/check.sh --out gpu
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from table import as_table

HERE = Path(__file__).parent
MINUTES = 6.0
PARTS = {
    "loop": ["../speed/loop.py", "--json"],
    "stage2": ["stage2.py"],
    "search": ["exact_search.py"],
    "extraction": ["extraction.py"],
    "resume": ["resume.py"],
    "agreement": ["agreement.py"],
}
"""Script and arguments of each, the quickest first: what does not fit the limit is left out, by name."""
LOOP_QUICK = ("--sizes", "css", "--methods", "tirg", "--width", "8", "--repeat", "1", "--threads", "1")


def machine(device: torch.device) -> dict[str, Any]:
    """What the numbers belong to."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {"device": name, "torch": torch.__version__, "cpus": len(os.sched_getaffinity(0))}


def run(name: str, device: str, quick: bool, seconds: float) -> dict[str, Any]:
    """The measurements of a part, or why there are none."""
    script, *options = PARTS[name]
    extra = (LOOP_QUICK if name == "loop" else ("--quick",)) if quick else ()
    command = [sys.executable, str(HERE / script), *options, "--device", device, *extra]
    begun = time.perf_counter()
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=max(1.0, seconds))
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {seconds:.0f} s", "seconds": seconds}
    took = {"seconds": round(time.perf_counter() - begun, 1)}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return {"failed": lines[-1], "stderr": lines[-40:], **took}
    rows = json.loads(done.stdout)
    apart = [str(row.get("method", row)) for row in rows if row.get("agrees") is False]
    return {**({"failed": f"apart: {', '.join(apart)}"} if apart else {}), "rows": rows, **took}


def write(out: Path, found: Mapping[str, Any]) -> None:
    """After each part, so that nothing is lost if the machine is taken away."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    (out / "table.md").write_text(as_table(found))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gpu-check"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the check itself")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--minutes", type=float, default=MINUTES)
    args = parser.parse_args(arguments)
    device = torch.device(args.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("torch finds no GPU here; --device cpu --quick tries the check itself.")
    end = time.monotonic() + 60 * args.minutes
    found: dict[str, Any] = {**machine(device), "quick": args.quick, "parts": {}}
    for name in args.parts:
        left = end - time.monotonic()
        part = run(name, args.device, args.quick, left) if left > 0 else {"failed": "no time was left"}
        found["parts"][name] = part
        print(f"{name}: {part.get('failed', 'done')} ({part.get('seconds', 0):.0f} s)", flush=True)
        write(args.out, found)
    print((args.out / "table.md").read_text())
    return int(any("failed" in part for part in found["parts"].values()))


if __name__ == "__main__":
    sys.exit(main())
