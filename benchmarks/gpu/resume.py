"""A training killed with -9 after its first checkpoint and started again gives what an uninterrupted one gives."""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import time
from pathlib import Path

from runs import finish, start

PATIENCE = 120.0
"""Seconds for the first checkpoint."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    options = ["-m", "tirg", "-b", "css", "--set", f"training.epochs={4 if args.quick else 12}"]
    with tempfile.TemporaryDirectory() as folder:
        killed, whole = Path(folder, "killed"), Path(folder, "whole")
        process = start(killed, args.device, options)
        end = time.monotonic() + PATIENCE
        while not list(killed.rglob("last.pt")) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished = [record.status for record in finish(start(killed, args.device, options), killed).values()]
        again, expected = (finish(start(out, args.device, options), out)["tirg"] for out in (killed, whole))
        row = {
            "status": finished[0],
            "R@1": again.metrics["R@1"],
            "uninterrupted": expected.metrics["R@1"],
            "agrees": again.rankings == expected.rankings,
        }
    print(json.dumps([row]))


if __name__ == "__main__":
    main()
