"""``cir-bench score``: rankings made elsewhere, scored by the same protocol code. No plugin method, images or torch."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.datasets import Name, Set, open_benchmark
from cir_bench.cli.describe import columns, print_json
from cir_bench.protocols.build import eval_set
from cir_bench.scoring.evaluate import OpenedProtocol
from cir_bench.scoring.files import read_predictions
from cir_bench.scoring.result import ProtocolResult


@with_settings
def score(
    settings: Settings,
    benchmark: Name,
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="JSON: {query id: [image ids, best first]}; queries may be spread over files. For CIRR also the two "
            "files that its server takes.",
        ),
    ],
    sets: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Score predictions that do not fit, and mark the result partial.")
    ] = False,
) -> None:
    """Score rankings made elsewhere: checked against the benchmark's queries and gallery, metrics in percent."""
    lists = read_predictions(predictions)
    opened = open_benchmark(settings, benchmark, sets)
    chosen = opened.chosen
    protocol = OpenedProtocol(chosen, eval_set(opened.dataset, chosen.protocol))
    if lists.subset is not None and not chosen.protocol.subset:
        print(f"cir-bench: {chosen.name} has no subset ranking; such a file was passed over.", file=sys.stderr)
    result = protocol.evaluate(lists.ranked, subset=lists.subset, allow_partial=allow_partial)
    for line in (*result.faults, *result.notes):
        print(f"cir-bench: {line}", file=sys.stderr)
    if as_json:
        print_json(_facts(result))
        return
    print(f"{result.protocol}{', PARTIAL' if result.partial else ''}, reference {result.reference}")
    for name, size in result.parts.items():
        print(f"{name + ': ' if name else ''}{size.n_queries} queries, {size.n_gallery} gallery images")
    for line in columns((key, f"{value:.2f}") for key, value in result.metrics.items()):
        print(line)


def _facts(result: ProtocolResult) -> dict[str, Any]:
    return asdict(result) | {"partial": result.partial}
