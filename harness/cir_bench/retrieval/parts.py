"""`PartRankings`: the rankings of one part of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cir_bench.errors import ConfigError, DataError
from cir_bench.retrieval.ranking import Ranking


class CandidateSet(str, Enum):
    """The candidates among which a query is ranked."""

    GALLERY = "gallery"
    """The whole gallery."""
    SUBSET = "subset"
    """Each query's own few candidates (CIRR)."""


@dataclass(frozen=True)
class PartRankings:
    """The rankings of one part: of the whole gallery and, if the benchmark has them, of each query's own candidates."""

    gallery: Ranking
    subset: Ranking | None = None

    def __post_init__(self) -> None:
        if not len(self.gallery):
            raise DataError("A ranking of no queries cannot be evaluated.")
        if self.subset is not None and self.subset.queries.ids != self.gallery.queries.ids:
            raise DataError("The subset ranking is not of the same queries, in the same order, as the gallery ranking.")

    def ranking(self, candidates: CandidateSet, metric: str) -> Ranking:
        """The ranking among ``candidates``; `ConfigError` naming the metric that needs it if there is none."""
        if candidates is CandidateSet.GALLERY:
            return self.gallery
        if self.subset is None:
            raise ConfigError(f"{metric} needs a subset ranking, which this benchmark does not have.")
        return self.subset
