"""Speed of scoring under a protocol next to a plain evaluator of it, in one run on this machine.

    python benchmarks/speed/scoring.py --data-root DIR
    python benchmarks/speed/scoring.py --data-root DIR --protocols cirr/val shoes/eval

Both have read the annotations, are given the same scores of the full validation set (every query against the whole
gallery, from seeded random features), and must come to the same metrics. The plain evaluator, which is
``tests/support/plain_evaluator.py``, sorts the score matrix as published evaluators do, and goes through the lists.
``lists``: both are given sorted lists instead (51 images per query, and CIRR's image sets), so that nothing is left but
looking targets up; ours also checks every list. The two take turns; the fastest of ``--repeat`` turns is reported, as
processor time, which other processes disturb least.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from cir_bench import Scores
from cir_bench.scoring.evaluate import open_protocol

SUPPORT = Path(__file__).parents[2] / "tests" / "support"


def support(name: str) -> ModuleType:
    """A module that the tests use, too."""
    spec = importlib.util.spec_from_file_location(f"support_{name}", SUPPORT / f"{name}.py")
    if spec is None or spec.loader is None:
        sys.exit(f"{SUPPORT / name}.py is missing; run this from a checkout.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


plain, seeded = support("plain_evaluator"), support("seeded_rankings")


def seconds(work: Callable[[], Mapping[str, float]]) -> tuple[float, Mapping[str, float]]:
    start = time.process_time()
    metrics = work()
    return time.process_time() - start, metrics


def compare(protocol: str, root: Path, repeat: int) -> None:
    """Print two lines: from scores, and from lists."""
    parts, removed = plain.load(protocol, root)
    opened = open_protocol(protocol, data_root=root)
    scores = {name: seeded.random_scores(part, seed) for seed, (name, part) in enumerate(parts.items())}
    tables = [Scores([query.id for query in part.queries], part.gallery, scores[name]) for name, part in parts.items()]

    def lists(*, members: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in parts.items():
            found |= seeded.lists_of(part, scores[name], members=members)
        return found

    def sorted_lists() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in parts.items():
            best = np.argsort(-scores[name], axis=1)[:, : seeded.DEPTH].tolist()
            rows = zip(part.queries, best, strict=True)
            found |= {query.id: [part.gallery[place] for place in row] for query, row in rows}
        return found

    def few_lists() -> dict[str, Any] | None:
        return lists(members=True) if protocol.startswith("cirr") else None

    def by_hand(ranked: dict[str, Any], few: dict[str, Any] | None) -> dict[str, float]:
        metrics: dict[str, float] = plain.measure(protocol, parts, removed, ranked, few)
        return metrics

    ranked, few = lists(), few_lists()
    contests: dict[str, dict[str, Callable[[], Mapping[str, float]]]] = {
        "scores": {
            "ours": lambda: opened.evaluate(tables).metrics,
            "plain": lambda: by_hand(sorted_lists(), few_lists()),
        },
        "lists": {
            "ours": lambda: opened.evaluate(ranked, subset=few).metrics,
            "plain": lambda: by_hand(ranked, few),
        },
    }
    for what, ways in contests.items():
        best = dict.fromkeys(ways, float("inf"))
        metrics: dict[str, Mapping[str, float]] = {}
        for _ in range(repeat):
            for name, work in ways.items():
                spent, metrics[name] = seconds(work)
                best[name] = min(best[name], spent)
        apart = max(abs(metrics["ours"][key] - value) for key, value in metrics["plain"].items())
        ratio = best["ours"] / best["plain"]
        numbers = f"{best['ours']:10.3f}{best['plain']:10.3f}{ratio:12.2f}{apart:12.1e}"
        print(f"{protocol:32}{what:8}{len(ranked):8}{numbers}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, default=os.environ.get("CIR_BENCH_DATA"), help="real annotations")
    parser.add_argument("--protocols", nargs="+", choices=plain.PROTOCOLS, default=plain.PROTOCOLS)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    if args.data_root is None:
        parser.error("--data-root DIR or CIR_BENCH_DATA is needed")
    with tempfile.TemporaryDirectory() as folder:
        root = seeded.complete_root(Path(args.data_root).resolve(), Path(folder) / "data")
        head = f"{'ours s':>10}{'plain s':>10}{'ours/plain':>12}{'differ by':>12}"
        print(f"{'protocol':32}{'given':8}{'queries':>8}{head}")
        for protocol in args.protocols:
            compare(protocol, root, args.repeat)


if __name__ == "__main__":
    main()
