"""``cir-bench score``: rankings from elsewhere, scored by the same protocol code. No plugin method, images or torch."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cir_bench.cli.benchmark import BenchmarkName, DatasetParams, NamedBenchmark
from cir_bench.cli.common import AsJson, with_settings
from cir_bench.cli.layout import columns
from cir_bench.cli.output import print_json
from cir_bench.scoring.evaluate import opened
from cir_bench.scoring.files import read_predictions
from cir_bench.verbs.settings import Settings


@with_settings
def score(
    settings: Settings,
    benchmark: BenchmarkName,
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="JSON: {query id: [image ids, best first]}; queries may be spread over several files. For CIRR "
            "also the two files that its server takes.",
        ),
    ],
    sets: DatasetParams = None,
    as_json: AsJson = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Score predictions that do not fit, and mark the result partial.")
    ] = False,
) -> None:
    """Score rankings from elsewhere: they are checked against queries and gallery; metrics are in percent."""
    lists = read_predictions(predictions)
    found = NamedBenchmark.find(settings, benchmark)
    chosen = found.chosen
    protocol = opened(found.open(sets), chosen)
    if lists.subset is not None and not chosen.protocol.subset:
        print(f"cir-bench: {chosen.name} has no subset ranking; that file is ignored.", file=sys.stderr)
    result = protocol.evaluate(lists.ranked, subset=lists.subset, allow_partial=allow_partial)
    for line in (*result.problems, *result.faults, *result.notes):
        print(f"cir-bench: {line}", file=sys.stderr)
    if as_json:
        print_json(asdict(result) | {"partial": result.partial})
        return
    print(f"{result.protocol}{', PARTIAL' if result.partial else ''}, reference {result.reference}")
    for name, size in result.parts.items():
        print(f"{name + ': ' if name else ''}{size.n_queries} queries, {size.n_gallery} gallery images")
    for line in columns((key, f"{value:.2f}") for key, value in result.metrics.items()):
        print(line)
