"""What `plan` predicts next to what `run` then takes, on the embedded benchmark: ratios of time and of memory.

    OMP_NUM_THREADS=1 python benchmarks/speed/forecast.py
    python benchmarks/speed/forecast.py -m tirg -m combiner --look 64
    python benchmarks/speed/forecast.py --records leaderboard/records

For each method, a quick look (``--limit``) is run first, from which the whole cell is predicted (*calibrated*); then
the whole cell, from which the cell of another seed is predicted (*records*); then that one. Extraction of features is
counted on neither side. Each run is a process of its own, as the command line starts it.

With ``--records`` nothing is run: each finished cell is predicted from the others of its machine, whose seeds differ.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from tabulate import tabulate

from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord
from cir_bench.runs.costs import cost_of
from cir_bench.runs.forecast import Forecasts, Wanted
from cir_bench.runs.machine import Machine

METHODS = ("sum", "tirg", "combiner", "artemis", "sadn", "tgcir")
HEADINGS = ("method", "basis", "s predicted", "s measured", "ratio", "MiB predicted", "MiB measured", "ratio")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-m", "--methods", action="append", help=f"default: {' '.join(METHODS)}")
    parser.add_argument("-b", "--benchmark", default="css")
    parser.add_argument("--look", type=int, default=100, help="queries of the quick look")
    parser.add_argument("--records", type=Path, help="predict these from each other, and run nothing")
    options = parser.parse_args()
    if options.records:
        rows = among(options.records)
        headings = ("method", "benchmark", "machine", "cells", "ratio of time", "least", "most", "ratio of MiB")
        print(tabulate(rows, headings, tablefmt="github", floatfmt=".2f"))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row
            for method in options.methods or METHODS
            for row in measure(method, options.benchmark, options.look, Path(folder))
        ]
    print(tabulate(rows, HEADINGS, tablefmt="github", floatfmt=("", "", ".1f", ".1f", ".2f", ".0f", ".0f", ".2f")))


def among(records: Path) -> list[tuple[Any, ...]]:
    """A row for each method, benchmark and machine: predicted over measured, the median of its cells and the range."""
    costs = [cost for record in read_records(records)[0].values() if (cost := cost_of(record)) is not None]
    ratios: dict[tuple[str, ...], list[tuple[float, float]]] = defaultdict(list)
    for cost in costs:
        machine = Machine(cost.device, threads=cost.threads)
        found = Forecasts([one for one in costs if one is not cost], machine).of(Wanted.of_cost(cost))
        if found.basis == "records" and found.seconds and found.device_mib:
            training = sum(stage.ran * stage.seconds for stage in cost.stages)
            seconds = cost.preparing + training + cost.embedding + cost.searching + cost.evaluating
            where = (cost.cell.method, cost.cell.benchmark, cost.device)
            ratios[where].append((found.seconds / seconds, found.device_mib / cost.device_mib))
    rows = []
    for where, pairs in sorted(ratios.items()):
        times, memory = zip(*pairs, strict=True)
        rows.append((*where, len(pairs), median(times), min(times), max(times), median(memory)))
    return rows


def measure(method: str, benchmark: str, look: int, folder: Path) -> list[tuple[Any, ...]]:
    """The rows of a method: predicted from a quick look, and from another seed."""
    call = Calls(method, benchmark, folder)
    call.run("look", "--limit", str(look))
    from_look = call.plan("whole")
    first = call.run("whole")
    from_seed = call.plan("whole", "--seeds", "2")
    second = call.run("whole", "--seeds", "2")
    return [compared(method, from_look, first), compared(method, from_seed, second)]


def compared(method: str, planned: dict[str, Any], record: RunRecord) -> tuple[Any, ...]:
    """A row; the prediction is that of the record's cell."""
    seconds = sum(phase.seconds for phase in record.cost.phases if phase.name != "extracting features")
    mib = record.cost.peak_memory_mib
    ratios = planned["seconds"] / seconds, planned["device_mib"] / mib
    return method, planned["basis"], planned["seconds"], seconds, ratios[0], planned["device_mib"], mib, ratios[1]


class Calls:
    """The command line, with one cache for all runs of a folder."""

    def __init__(self, method: str, benchmark: str, folder: Path) -> None:
        self._method, self._benchmark, self._folder = method, benchmark, folder

    def run(self, name: str, *options: str) -> RunRecord:
        """The record that was finished last."""
        self._call("run", name, *options)
        records = read_records(self._out(name))[0].values()
        return max(records, key=lambda record: record.cell.seed)

    def plan(self, name: str, *options: str) -> dict[str, Any]:
        """The last cell of the plan."""
        found: dict[str, Any] = json.loads(self._call("plan", name, "--json", *options))["cells"][-1]
        return found

    def _call(self, verb: str, name: str, *options: str) -> str:
        place = ["--out", str(self._out(name)), "--cache-dir", str(self._folder / "cache"), "--device", "cpu"]
        words = [verb, "-m", self._method, "-b", self._benchmark, *place, *options]
        command = [sys.executable, "-m", "cir_bench", *words]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def _out(self, name: str) -> Path:
        return self._folder / self._method / name


if __name__ == "__main__":
    main()
