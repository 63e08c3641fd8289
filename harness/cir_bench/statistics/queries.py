"""`QueryResults`: what is kept of one cell's queries, enough for every later metric, interval and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cir_bench.evaluation.measure import MEAN
from cir_bench.evaluation.metrics import parse_metric, parse_metrics
from cir_bench.protocols.protocol import Headline
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import PartRankings, Ranking
from cir_bench.statistics.draws import Floats


@dataclass(frozen=True, eq=False)
class QueryResults:
    """The ranks of the targets of one cell's queries, ties included. Q queries, part after part."""

    parts: Mapping[str, PartRankings]
    """By part (``""`` without parts), without top lists and names of images: enough for any metric at any cut-off."""
    metrics: tuple[str, ...]
    """Names of the protocol's metrics, such as ``R@10``."""
    headline: Headline

    @classmethod
    def of(cls, parts: Mapping[str, PartRankings], metrics: Sequence[str], headline: Headline) -> QueryResults:
        """The part of these rankings that is kept."""
        kept = {
            name: PartRankings(_bare(part.gallery), None if part.subset is None else _bare(part.subset))
            for name, part in parts.items()
        }
        return cls(kept, tuple(metrics), headline)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """``[Q]`` query ids."""
        return tuple(query for part in self.parts.values() for query in part.gallery.queries.ids)

    @cached_property
    def part_of(self) -> tuple[str, ...]:
        """``[Q]`` the part of each query."""
        return tuple(name for name, part in self.parts.items() for _ in range(len(part.gallery)))

    @cached_property
    def tags(self) -> tuple[tuple[str, ...], ...]:
        """``[Q]`` the tags of each query."""
        return tuple(tags for part in self.parts.values() for tags in part.gallery.queries.tags)

    @cached_property
    def weights(self) -> Floats:
        """``[Q]`` the weight of each query in an unweighted mean over parts; sums to 1."""
        sizes = [len(part.gallery) for part in self.parts.values()]
        return np.repeat([1 / (len(sizes) * size) for size in sizes], sizes)

    def values(self, name: str) -> Floats:
        """``[Q]`` a metric (``R@10``) of each query, in percent; ranks as they are."""
        metric = parse_metric(name)
        return np.concatenate([metric.per_query(metric.ranking(part)) for part in self.parts.values()])

    def contribution(self, key: str) -> Floats | None:
        """``[Q]`` what each query contributes to a key of the record: its mean weighted by ``weights`` is that number.

        A key is ``R@1`` without parts, ``dress/R@10`` or ``mean/R@10`` with them, or the headline's name. None for
        metrics that are not a mean over queries (``median_rank``, those over groups), and for keys that the cell does
        not have.
        """
        if key == self.headline.name and key not in self.headline.mean_of:
            each = [self.contribution(one) for one in self.headline.mean_of]
            found = [one for one in each if one is not None]
            mean: Floats = np.mean(np.stack(found), axis=0) if found else np.zeros(0)
            return mean if len(found) == len(each) else None
        part, _, name = key.rpartition("/")
        means = {metric.name for metric in parse_metrics(self.metrics) if metric.family.is_mean}
        if part not in (*self.parts, MEAN) or name not in means or (part == "" and "" not in self.parts):
            return None
        values = self.values(name)
        if part in {MEAN, ""}:
            return values
        only: Floats = values * len(self.parts) * (np.array(self.part_of) == part)
        return only

    def same_queries(self, other: QueryResults) -> bool:
        """Whether two cells were asked the same queries in the same parts, so that they can be paired."""
        return self.ids == other.ids and self.part_of == other.part_of


def _bare(ranking: Ranking) -> Ranking:
    """``ranking`` without its top lists, with images named by their index among their query's relevant ones."""
    queries = ranking.queries
    names = [tuple(map(str, range(len(images)))) for images in queries.relevant]
    targets = tuple(own[: len(targets)] for own, targets in zip(names, queries.targets, strict=True))
    gains = tuple(
        {name: gains[image] for name, image in zip(own, images, strict=True) if image in gains}
        for own, images, gains in zip(names, queries.relevant, queries.gains, strict=True)
    )
    kept = QuerySet(queries.ids, targets, tags=queries.tags, gains=gains, groups=queries.groups)
    return replace(ranking, queries=kept, top_ids=(), top_scores=None)
