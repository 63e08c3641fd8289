"""``cir-bench score``: rankings made elsewhere, scored by the same protocol code. No plugin method, images or torch."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.datasets import Name, OpenedBenchmark, Set, open_benchmark
from cir_bench.cli.describe import columns, print_json
from cir_bench.evaluation.evaluate import EvaluationResult, PartRankings, evaluate
from cir_bench.evaluation.external import ExternalPart, ExternalReport, rank_external
from cir_bench.evaluation.metrics import View
from cir_bench.evaluation.predictions import read_predictions
from cir_bench.protocols.eval_set import EvalSet, eval_set
from cir_bench.protocols.protocol import Protocol


@with_settings
def score(
    settings: Settings,
    benchmark: Name,
    predictions: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: {query id: [image ids, best first]}.")],
    sets: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Score predictions that do not fit, and mark the result partial.")
    ] = False,
) -> None:
    """Score rankings made elsewhere: checked against the benchmark's queries and gallery, metrics in percent."""
    lists = read_predictions(predictions)
    opened = open_benchmark(settings, benchmark, sets)
    evaluation = eval_set(opened.dataset, opened.chosen.protocol)
    result, report = score_lists(lists, evaluation, opened.chosen.protocol, allow_partial=allow_partial)
    facts = _facts(opened, result, report)
    for line in (*report.faults(), *report.notes()):
        print(f"cir-bench: {line}", file=sys.stderr)
    if as_json:
        print_json(facts)
        return
    protocol = opened.chosen.protocol
    print(f"{facts['protocol']}{', PARTIAL' if report.partial else ''}, reference {protocol.reference}")
    for name, size in result.parts.items():
        print(f"{name + ': ' if name else ''}{size.n_queries} queries, {size.n_gallery} gallery images")
    for line in columns((key, f"{value:.2f}") for key, value in facts["metrics"].items()):
        print(line)


def score_lists(
    predictions: dict[str, list[str]], evaluation: EvalSet, protocol: Protocol, *, allow_partial: bool
) -> tuple[EvaluationResult, ExternalReport]:
    """Metrics of image ids, best first, by query id; a subset ranking is read off the same lists.

    Raises:
        DataError: the predictions do not fit the evaluation and ``allow_partial`` is off.
    """
    parts = {name: ExternalPart(part.query_set(), part.gallery) for name, part in evaluation.parts.items()}
    rankings, report = rank_external(predictions, parts, depth=protocol.depth(), allow_partial=allow_partial)
    judged = {name: PartRankings(ranking) for name, ranking in rankings.items()}
    if protocol.subset:
        few = {
            name: ExternalPart(parts[name].queries, parts[name].gallery_ids, part.subsets())
            for name, part in evaluation.parts.items()
        }
        depth = protocol.depth(View.SUBSET)
        subsets, found = rank_external(predictions, few, depth=depth, allow_partial=allow_partial)
        report = replace(report, short_subsets=found.short_subsets)
        judged = {name: PartRankings(rankings[name], subsets[name]) for name in rankings}
    return evaluate(judged, protocol.metrics, headline=protocol.headline.mean_of), report


def _facts(opened: OpenedBenchmark, result: EvaluationResult, report: ExternalReport) -> dict[str, Any]:
    protocol = opened.chosen.protocol
    metrics = dict(result.metrics)
    if result.headline is not None:
        metrics[protocol.headline.name] = result.headline
    return {
        "protocol": opened.chosen.name,
        "protocol_hash": protocol.hash(),
        "reference": protocol.reference,
        "n_queries": result.n_queries,
        "n_gallery": sum(size.n_gallery for size in result.parts.values()),
        "parts": {
            name: {"n_queries": size.n_queries, "n_gallery": size.n_gallery} for name, size in result.parts.items()
        },
        "partial": report.partial,
        "headline": protocol.headline.name,
        "metrics": metrics,
        "tags": result.by_tag(),
        "faults": report.faults(),
        "notes": report.notes(),
    }
