"""`measure`: the rankings of a benchmark's parts become its metrics, headline and breakdowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import ConfigError, DataError, did_you_mean
from cir_bench.evaluation.metrics import Metric, parse_metrics
from cir_bench.retrieval.ranking import PartRankings, Ranking

MEAN = "mean"


@dataclass(frozen=True)
class PartSize:
    """The size of a part, reported with all of its numbers."""

    n_queries: int
    n_gallery: int


@dataclass(frozen=True)
class EvaluationResult:
    """Metrics of one run on one benchmark, in percent (ranks: as they are)."""

    metrics: Mapping[str, float]
    """``R@1`` for a benchmark without parts; otherwise ``dress/R@10`` for each part and ``mean/R@10``, the unweighted
    mean over parts."""
    parts: Mapping[str, PartSize]
    """The one part of a benchmark without parts is called ``""``."""
    n_queries: int
    headline: float | None = None
    """Mean of the metrics that the benchmark names; None if it names none."""
    tags: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By tag its metrics over the queries with that tag, all parts pooled, and their number ``n``."""


def measure(
    rankings: Ranking | PartRankings | Mapping[str, Ranking | PartRankings],
    metric_names: Sequence[str],
    *,
    headline: Sequence[str] = (),
) -> EvaluationResult:
    """Measure one ranking, or one for each part by name (``""`` for a benchmark without parts).

    ``headline`` are keys of the result whose mean is the headline. `ConfigError` if a metric or headline key does not
    exist, or a part has an unusable name; `DataError` if there are no queries, or queries without targets.
    """
    parts = _by_part(rankings)
    metrics: dict[str, float] = {}
    pooled: dict[str, NDArray[np.float64]] = {}
    chosen = parse_metrics(metric_names)
    for metric in chosen:
        per_query = [metric.per_query(metric.ranking(part)) for part in parts.values()]
        groups = [part.gallery.queries.groups for part in parts.values()]
        values = [metric.over_queries(own, names) for own, names in zip(per_query, groups, strict=True)]
        pooled[metric.name] = np.concatenate(per_query)
        if list(parts) == [""]:
            metrics[metric.name] = values[0]
        else:
            metrics |= {f"{part}/{metric.name}": value for part, value in zip(parts, values, strict=True)}
            metrics[f"{MEAN}/{metric.name}"] = float(np.mean(values))
    if unknown := [key for key in headline if key not in metrics]:
        nearest = did_you_mean(unknown[0], metrics)
        raise ConfigError(f"The headline names {unknown[0]!r}, which is not measured; {nearest}")
    return EvaluationResult(
        metrics=metrics,
        parts={name: PartSize(len(part.gallery), part.gallery.n_gallery) for name, part in parts.items()},
        n_queries=sum(len(part.gallery) for part in parts.values()),
        headline=float(np.mean([metrics[key] for key in headline])) if headline else None,
        tags=_by_tag(parts, chosen, pooled),
    )


def _by_part(rankings: Ranking | PartRankings | Mapping[str, Ranking | PartRankings]) -> dict[str, PartRankings]:
    named = rankings if isinstance(rankings, Mapping) else {"": rankings}
    parts = {name: PartRankings(part) if isinstance(part, Ranking) else part for name, part in named.items()}
    if not parts:
        raise DataError("There are no rankings to evaluate.")
    for name in parts:
        if (not name and len(parts) > 1) or name == MEAN or "/" in name or name.startswith("tag:"):
            raise ConfigError(f"A part cannot be called {name!r}: its keys would be mistaken for others.")
    return parts


def _by_tag(
    parts: Mapping[str, PartRankings], metrics: Sequence[Metric], values: Mapping[str, NDArray[np.float64]]
) -> dict[str, dict[str, float]]:
    rows: dict[str, list[NDArray[np.int64]]] = {}
    groups = [group for part in parts.values() for group in part.gallery.queries.groups]
    before = 0
    for part in parts.values():
        for tag, own in part.gallery.queries.rows_by_tag.items():
            rows.setdefault(tag, []).append(before + own)
        before += len(part.gallery)
    found = {}
    for tag in sorted(rows):
        own = np.concatenate(rows[tag])
        found[tag] = {"n": float(len(own))}
        among = [groups[row] for row in own.tolist()]
        found[tag] |= {metric.name: metric.over_queries(values[metric.name][own], among) for metric in metrics}
    return found
