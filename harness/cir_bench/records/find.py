"""The results of a cell's queries: from their own file or, for cells from before there was one, from its rankings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cir_bench.errors import ConfigError
from cir_bench.evaluation.metrics import parse_metric
from cir_bench.protocols.builtin import builtin_protocols
from cir_bench.protocols.protocol import Headline
from cir_bench.records.queries import QUERIES_FILE, load_queries
from cir_bench.records.rankings import load_part, ranking_path
from cir_bench.records.record import RunRecord
from cir_bench.statistics.queries import QueryResults


def find_queries(folder: Path, record: RunRecord) -> QueryResults | None:
    """The results of a finished cell's queries, from the ``folder`` of its record; None if they were not kept.

    Raises:
        DataError: a file is damaged.
    """
    if record.status != "done" or record.hidden:
        return None
    path = folder / QUERIES_FILE
    if path.is_file():
        return load_queries(path)
    headline = _headline(record)
    if headline is None or not all(ranking_path(folder, part).is_file() for part in record.n_queries):
        return None
    parts = {part: load_part(folder, part) for part in record.n_queries}
    return QueryResults.of(parts, _metric_names(key.rpartition("/")[2] for key in record.metrics), headline)


def _headline(record: RunRecord) -> Headline | None:
    """How the headline is computed: a record only says so if it is one of the metrics; otherwise its protocol does."""
    if _metric_names([record.headline.rpartition("/")[2]]):
        return Headline(name=record.headline, mean_of=(record.headline,))
    protocols = builtin_protocols().values()
    return next((one.headline for one in protocols if record.protocol and one.hash() == record.protocol.hash), None)


def _metric_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those that are metrics and not a headline, each once."""
    metrics: dict[str, None] = {}
    for name in names:
        try:
            metrics[parse_metric(name).name] = None
        except ConfigError:
            continue
    return tuple(metrics)
