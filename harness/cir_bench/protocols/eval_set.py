"""`EvalSet`: a data set under a protocol. The queries hold no targets; the truth is kept apart, by query id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cir_bench.errors import DataError
from cir_bench.retrieval.index import rows_by_id
from cir_bench.retrieval.queries import QuerySet


@dataclass(frozen=True)
class EvalQuery:
    """Everything that the composing side of an evaluation ever sees of a query."""

    id: str
    """Unique over all parts."""
    reference: str
    texts: tuple[str, ...]
    """The modification text; or several, see :attr:`readings`."""
    part: str = ""
    tags: tuple[str, ...] = ()
    further_references: tuple[str, ...] = ()
    """Reference images besides ``reference``."""

    @property
    def references(self) -> tuple[str, ...]:
        """Every reference image."""
        return (self.reference, *self.further_references)

    @property
    def readings(self) -> tuple[tuple[str, str], ...]:
        """Every reference image with every text; the query is the mean of their embeddings."""
        return tuple((image, text) for image in self.references for text in self.texts)


@dataclass(frozen=True)
class Truth:
    """What a query's ranking is evaluated against."""

    targets: tuple[str, ...]
    """Every image that counts as a hit, first the one that the text was written for; empty for a hidden test set."""
    excluded: tuple[str, ...] = ()
    """Images that are not candidates (the reference, if the protocol removes it)."""
    subset: tuple[str, ...] = ()
    """Candidates of the subset ranking; empty if there is none."""
    gains: Mapping[str, float] = field(default_factory=dict)
    """Graded relevance by image, below 0 for an explicit negative, if a metric of the protocol uses it."""
    group: str = ""
    """For metrics that are averaged within groups of queries first."""


@dataclass(frozen=True)
class EvalPart:
    """One part: its queries in order, the ids of its gallery in order, and the truth by query id."""

    queries: tuple[EvalQuery, ...]
    gallery: tuple[str, ...]
    truth: Mapping[str, Truth]

    @cached_property
    def query_set(self) -> QuerySet:
        """Ids, targets, exclusions, tags, gains and groups for retrieval and metrics."""
        truth = [self.truth[query.id] for query in self.queries]
        return QuerySet(
            ids=tuple(query.id for query in self.queries),
            targets=tuple(one.targets for one in truth),
            excluded=tuple(one.excluded for one in truth),
            tags=tuple(query.tags for query in self.queries),
            gains=tuple(one.gains for one in truth),
            groups=tuple(one.group for one in truth),
        )

    @cached_property
    def gallery_ids(self) -> frozenset[str]:
        """The ids of the gallery; `DataError` if one is listed twice, since it would count twice."""
        return frozenset(rows_by_id(self.gallery))

    def subsets(self) -> tuple[tuple[str, ...], ...]:
        """For every query the candidates of its subset ranking; `DataError` naming a query that has none."""
        subsets = tuple(self.truth[query.id].subset for query in self.queries)
        for query, subset in zip(self.queries, subsets, strict=True):
            if not subset:
                raise DataError(f"Query {query.id!r} has no subset, which a metric of this protocol needs.")
        return subsets


@dataclass(frozen=True)
class WholeSize:
    """Numbers of queries and gallery images, by part, of an evaluation of which only a few queries are asked."""

    n_queries: Mapping[str, int]
    n_gallery: Mapping[str, int]


@dataclass(frozen=True)
class EvalSet:
    """All parts of an evaluation by name (``""`` without parts), and what is left out because images are missing."""

    parts: Mapping[str, EvalPart]
    missing: tuple[str, ...] = ()
    """Ids of the images that are needed and missing, each once; any of them makes every number partial."""
    dropped: tuple[str, ...] = ()
    """Ids of the queries that cannot be asked or hit without them."""
    problems: tuple[str, ...] = ()
    """What is wrong with the annotations, one sentence each; any of them makes every number partial."""
    notes: tuple[str, ...] = ()
    """What is worth knowing about them."""
    whole: WholeSize | None = None
    """What it is cut from, if it is a quick look (`cir_bench.protocols.limit`); None: it is whole."""

    @property
    def hidden(self) -> bool:
        """Whether no query has a target: a test set that only its own server can score."""
        return not any(truth.targets for part in self.parts.values() for truth in part.truth.values())

    @property
    def n_queries(self) -> dict[str, int]:
        """By part."""
        return {name: len(part.queries) for name, part in self.parts.items()}

    @property
    def n_gallery(self) -> dict[str, int]:
        """By part."""
        return {name: len(part.gallery) for name, part in self.parts.items()}

    def images(self) -> tuple[str, ...]:
        """Every image whose features are needed, each once: galleries, then references outside them."""
        galleries = (image for part in self.parts.values() for image in part.gallery)
        references = (one for part in self.parts.values() for query in part.queries for one in query.references)
        return unique([*galleries, *references])

    def texts(self) -> tuple[str, ...]:
        """Every query text, each once."""
        return unique(text for part in self.parts.values() for query in part.queries for text in query.texts)


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """Each item once, in order of appearance."""
    return tuple(dict.fromkeys(items))
