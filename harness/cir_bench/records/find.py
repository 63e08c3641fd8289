"""The per-query results of a cell: from their own file, or (cells older than that) from its rankings."""

from __future__ import annotations

from pathlib import Path

from cir_bench.errors import CirBenchError
from cir_bench.evaluation.evaluate import evaluate
from cir_bench.protocols.builtin import known_protocols
from cir_bench.protocols.protocol import Headline
from cir_bench.records.queries import QUERIES_FILE, load_queries
from cir_bench.records.rankings import load_ranking
from cir_bench.records.record import RANKINGS_FOLDER, RunRecord
from cir_bench.retrieval.parts import PartRankings
from cir_bench.statistics.queries import QueryResults, known_metrics

TOLERANCE = 1e-6
"""Points by which a metric may differ from what the queries give: another machine adds up in another order."""


def find_queries(folder: Path, record: RunRecord) -> QueryResults | None:
    """What is known of the queries of the finished cell whose ``record.json`` lies in ``folder``; None: nothing.

    Raises:
        DataError: what is there is damaged.
    """
    if record.status != "done" or record.hidden:
        return None
    path = folder / QUERIES_FILE
    if path.is_file():
        return load_queries(path)
    headline = _headline(record)
    rankings = folder / RANKINGS_FOLDER
    names = {part: part or "all" for part in record.n_queries}
    if headline is None or not all((rankings / f"{name}.jsonl.gz").is_file() for name in names.values()):
        return None
    parts = {}
    for part, name in names.items():
        subset = rankings / f"{name}-subset.jsonl.gz"
        gallery = load_ranking(rankings / f"{name}.jsonl.gz")
        parts[part] = PartRankings(gallery, load_ranking(subset) if subset.is_file() else None)
    metrics = known_metrics([key.rpartition("/")[2] for key in record.metrics])
    return QueryResults.of(parts, metrics, headline)


def contradiction(record: RunRecord, results: QueryResults) -> str:
    """What a record says that its queries do not give; empty where they agree. A number edited by hand is found out."""
    if results.headline.name != record.headline:
        return f"its headline is {record.headline!r}, but its queries were kept for {results.headline.name!r}"
    try:
        found = evaluate(results.parts, results.metrics, headline=results.headline.mean_of)
    except CirBenchError as error:
        return f"its queries cannot be evaluated ({error})"
    given = {**found.metrics, results.headline.name: found.headline}
    for key, value in record.metrics.items():
        other = given.get(key)
        if other is None or not (value == other or abs(value - other) <= TOLERANCE):
            gives = "nothing" if other is None else f"{other:.4f}"
            return f"it says {key} is {value:.4f}, but its queries give {gives}"
    return ""


def _headline(record: RunRecord) -> Headline | None:
    """How the headline is made; a record says it only where it is one of the metrics, else its protocol knows."""
    if known_metrics([record.headline.rpartition("/")[2]]):
        return Headline(name=record.headline, mean_of=(record.headline,))
    wanted = record.protocol.hash if record.protocol else ""
    return next((known.headline for known in known_protocols().values() if known.hash() == wanted), None)
