"""Every method of css for two epochs on the device and on the CPU: the first losses and R@1 agree."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from runs import finish, start

LOSSES, POINTS = 0.05, 2.0
"""Tolerances: of the mean losses of the first epoch, and of R@1. Dropout draws other numbers on a GPU."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    few = ["-m", "sum", "-m", "tirg"]
    options = ["-b", "css", "--set", "training.epochs=2", *(few if args.quick else ["--all"])]
    with tempfile.TemporaryDirectory() as folder:
        places = {device: Path(folder, device) for device in (args.device, "cpu")}
        running = {device: start(out, device, options) for device, out in places.items()}
        records = {device: finish(running[device], out) for device, out in places.items()}
    rows = []
    for method, ours in records[args.device].items():
        theirs = records["cpu"][method]
        firsts = [sum(record.history[0].terms.values()) if record.history else 0.0 for record in (ours, theirs)]
        losses = abs(firsts[0] - firsts[1]) / max(abs(firsts[1]), 1e-12)
        points = abs(ours.metrics["R@1"] - theirs.metrics["R@1"])
        rows.append(
            {
                "method": method,
                "R@1": ours.metrics["R@1"],
                "on the CPU": theirs.metrics["R@1"],
                "first losses apart": losses,
                "train (s)": ours.cost.train_seconds,
                "peak MiB": ours.cost.peak_memory_mib,
                "agrees": losses <= LOSSES and points <= POINTS,
            }
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
