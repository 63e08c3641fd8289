"""`evaluate`: the rankings of a benchmark's parts become its metrics, headline and breakdowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import ConfigError, DataError, did_you_mean
from cir_bench.evaluation.metrics import Metric, parse_metrics
from cir_bench.retrieval.parts import PartRankings
from cir_bench.retrieval.ranking import Ranking

MEAN = "mean"


class Ties(str, Enum):
    """What a tie between a target and other candidates counts for; never for the target."""

    EXPECTED = "expected"
    """The exact mean over all orders of the tied candidates; a constant scorer comes out at chance."""
    PESSIMISTIC = "pessimistic"
    """The worst order: targets come last among the candidates that they tie with."""


@dataclass(frozen=True)
class PartSize:
    """What stands beside every number of a part."""

    n_queries: int
    n_gallery: int


@dataclass(frozen=True)
class EvaluationResult:
    """Metrics of one run on one benchmark, in percent (ranks: as they are).

    Attributes:
        metrics: ``R@1`` for a benchmark without parts; else ``dress/R@10`` for each part and ``mean/R@10``, the
            unweighted mean over parts.
        parts: sizes by part; the one part of a benchmark without parts is called ``""``.
        n_queries: number of queries, over all parts.
        ties: how ties were counted.
        headline: mean of the metrics that the benchmark names, None where it names none.
        tags: ``tag:NAME/R@1`` over the queries with that tag, all parts pooled.
        tag_counts: number of queries by tag NAME.
    """

    metrics: Mapping[str, float]
    parts: Mapping[str, PartSize]
    n_queries: int
    ties: Ties
    headline: float | None = None
    tags: Mapping[str, float] = field(default_factory=dict)
    tag_counts: Mapping[str, int] = field(default_factory=dict)

    def by_tag(self) -> dict[str, dict[str, float]]:
        """``{NAME: {"n": count, "R@1": value}}``."""
        tags: dict[str, dict[str, float]] = {tag: {"n": float(count)} for tag, count in self.tag_counts.items()}
        for key, value in self.tags.items():
            tag, _, metric = key.removeprefix("tag:").rpartition("/")
            tags[tag][metric] = value
        return tags

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and dicts, for a record."""
        return {**asdict(self), "ties": self.ties.value}


def evaluate(
    rankings: Ranking | PartRankings | Mapping[str, Ranking | PartRankings],
    metric_names: Sequence[str],
    *,
    headline: Sequence[str] = (),
    ties: Ties = Ties.EXPECTED,
) -> EvaluationResult:
    """Evaluate one ranking (plain keys), or one for each part (``part/metric`` keys and their mean).

    Args:
        rankings: the ranking, or a mapping from part name to ranking. A mapping whose only key is ``""`` is a
            benchmark without parts.
        metric_names: such as ``R@10``; see `metrics.py`.
        headline: keys of the result whose mean is the headline.
        ties: how ties count.

    Raises:
        ConfigError: a metric or headline key that does not exist, or a part without a usable name.
        DataError: no queries, or queries without targets.
    """
    parts = _by_part(rankings)
    worst = ties is Ties.PESSIMISTIC
    metrics: dict[str, float] = {}
    pooled: dict[str, list[NDArray[np.float64]]] = {}
    chosen = parse_metrics(metric_names)
    plain = list(parts) == [""]
    for metric in chosen:
        pooled[metric.name] = [metric.per_query(metric.ranking(part), pessimistic=worst) for part in parts.values()]
        values = [metric.over_queries(per_query) for per_query in pooled[metric.name]]
        if plain:
            metrics[metric.name] = values[0]
            continue
        metrics |= {f"{part}/{metric.name}": value for part, value in zip(parts, values, strict=True)}
        metrics[f"{MEAN}/{metric.name}"] = float(np.mean(values))
    unknown = [key for key in headline if key not in metrics]
    if unknown:
        raise ConfigError(
            f"The headline names {unknown[0]!r}, which is not measured; {did_you_mean(unknown[0], metrics)}"
        )
    tags, counts = _by_tag(parts, chosen, {name: np.concatenate(values) for name, values in pooled.items()})
    sizes = {name: PartSize(len(part.gallery), part.gallery.n_gallery) for name, part in parts.items()}
    return EvaluationResult(
        metrics=metrics,
        parts=sizes,
        n_queries=sum(size.n_queries for size in sizes.values()),
        ties=ties,
        headline=float(np.mean([metrics[key] for key in headline])) if headline else None,
        tags=tags,
        tag_counts=counts,
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
) -> tuple[dict[str, float], dict[str, int]]:
    found: dict[str, list[NDArray[np.int64]]] = {}
    before = 0
    for part in parts.values():
        for tag, own in part.gallery.queries.rows_by_tag.items():
            found.setdefault(tag, []).append(before + own)
        before += len(part.gallery)
    rows = {tag: np.concatenate(found[tag]) for tag in sorted(found)}
    broken_down = {
        f"tag:{tag}/{metric.name}": metric.over_queries(values[metric.name][rows[tag]])
        for tag in rows
        for metric in metrics
    }
    return broken_down, {tag: len(own) for tag, own in rows.items()}
