"""`cir-bench run` as a part of the check starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cir_bench.records.load import load_records
from cir_bench.records.record import RunRecord


def command(out: Path, device: str, options: Sequence[str]) -> list[str]:
    """With a cache of its own, so that both devices extract the features that they read."""
    cache = str(out / "cache")
    return [
        sys.executable,
        "-m",
        "cir_bench",
        "run",
        "--out",
        str(out),
        "--device",
        device,
        "--cache-dir",
        cache,
        *options,
    ]


def start(out: Path, device: str, options: Sequence[str]) -> subprocess.Popen[str]:
    """In the background; its output is kept in the folder."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "log").open("a") as log:
        return subprocess.Popen(command(out, device, options), stdout=log, stderr=log, text=True, env=os.environ)


def finish(process: subprocess.Popen[str], out: Path) -> dict[str, RunRecord]:
    """The records by method once it has ended; exits with the end of its log when it failed."""
    if process.wait():
        sys.exit("\n".join((out / "log").read_text().splitlines()[-20:]))
    return {one.record.cell.method: one.record for one in load_records([out / "cells"])[0]}
