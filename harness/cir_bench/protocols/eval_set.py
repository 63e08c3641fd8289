"""`EvalSet`: a data set under a protocol. The queries hold no targets; the truth lies apart, by query id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cir_bench.errors import DataError
from cir_bench.evaluation.external import ExternalPart
from cir_bench.evaluation.judged import JudgedBy
from cir_bench.interfaces.dataset import Dataset, Query
from cir_bench.protocols.protocol import Protocol
from cir_bench.protocols.text import query_texts
from cir_bench.retrieval.index import rows_by_id
from cir_bench.retrieval.queries import QuerySet

EXAMPLES = 5


@dataclass(frozen=True)
class EvalQuery:
    """What is asked: all that the composing side of an evaluation ever sees of a query.

    Attributes:
        id: unique over all parts; documented by the data set and the protocol's text policy.
        reference: id of the reference image.
        texts: the modification text; several: the query is the mean of their embeddings.
        part: the part it belongs to.
        tags: for breakdowns.
    """

    id: str
    reference: str
    texts: tuple[str, ...]
    part: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Truth:
    """What a query's ranking is judged by.

    Attributes:
        targets: every image that counts as a hit, the one that the text was written for first; empty for a hidden test
            set.
        excluded: images that are no candidates (the reference, where the protocol removes it).
        subset: candidates of the subset ranking; empty where there is none.
        gains: graded truth by image, where a metric of the protocol uses it.
    """

    targets: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    subset: tuple[str, ...] = ()
    gains: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PartView:
    """One part: its queries in order, the ids of its gallery in order, and the truth by query id."""

    queries: tuple[EvalQuery, ...]
    gallery: tuple[str, ...]
    truth: Mapping[str, Truth]

    def query_set(self) -> QuerySet:
        """Ids, targets, exclusions, tags and gains for retrieval and metrics; made once."""
        return self._query_set

    @cached_property
    def gallery_names(self) -> frozenset[str]:
        """The ids of the gallery in no order; DataError when it lists one twice (it would count twice)."""
        return frozenset(rows_by_id(self.gallery))

    @cached_property
    def _query_set(self) -> QuerySet:
        truth = [self.truth[query.id] for query in self.queries]
        return QuerySet(
            ids=tuple(query.id for query in self.queries),
            targets=tuple(known.targets for known in truth),
            excluded=tuple(known.excluded for known in truth),
            tags=tuple(query.tags for query in self.queries),
            gains=tuple(known.gains for known in truth),
        )

    @cached_property
    def external(self) -> ExternalPart:
        """What ranked lists of the whole gallery are held against."""
        return ExternalPart(self.query_set(), self.gallery_names)

    @cached_property
    def external_subsets(self) -> ExternalPart:
        """What ranked lists of each query's own candidates are held against; errors as of :meth:`subsets`."""
        return ExternalPart(self.query_set(), self.gallery_names, self.subsets())

    def subsets(self) -> tuple[tuple[str, ...], ...]:
        """For every query the candidates of its subset ranking; DataError naming a query that has none."""
        for query in self.queries:
            if not self.truth[query.id].subset:
                raise DataError(
                    f"Query {query.id!r} has no subset of candidates, which a metric of this protocol needs."
                )
        return tuple(self.truth[query.id].subset for query in self.queries)


@dataclass(frozen=True)
class EvalSet:
    """All parts of an evaluation, and what was left out of it because images are missing.

    Attributes:
        parts: by name; the one part of a data set without parts is called ``""``.
        missing: ids of the images that are needed and not there, each once.
        dropped: ids of the queries that cannot be asked or hit without them.
    """

    parts: Mapping[str, PartView]
    missing: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def n_missing(self) -> int:
        """Number of missing images; more than 0 makes every number partial."""
        return len(self.missing)

    @property
    def hidden(self) -> bool:
        """Whether no query has a target: a test set that only its own server can score."""
        return not any(known.targets for part in self.parts.values() for known in part.truth.values())

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
        references = (query.reference for part in self.parts.values() for query in part.queries)
        return _once([*galleries, *references])

    def texts(self) -> tuple[str, ...]:
        """Every query text, each once."""
        return _once(text for part in self.parts.values() for query in part.queries for text in query.texts)


def eval_set(
    dataset: Dataset,
    protocol: Protocol,
    available: Callable[[str], bool] | None = None,
    *,
    allow_partial: bool = False,
) -> EvalSet:
    """The evaluation that ``protocol`` makes of ``dataset``.

    Args:
        dataset: annotations.
        protocol: the conventions.
        available: whether an image (or whatever represents it) is there; None: nothing is checked.
        allow_partial: where images are missing, leave them out of galleries and truth, and leave out the queries whose
            reference or all of whose targets are missing (or the first of them, where a metric takes it alone, or all
            of the graded images that one needs); both are counted.

    Raises:
        DataError: images are missing and ``allow_partial`` is off; or nothing is left; or the data set and the protocol
            do not fit each other.
    """
    queries = dataset.queries(protocol.split)
    unknown = next((query for query in queries if query.part not in dataset.parts), None)
    if unknown is not None:
        raise DataError(f"Query {unknown.id!r} belongs to part {unknown.part!r}, which the data set does not have.")
    by_part = {part: [query for query in queries if query.part == part] for part in dataset.parts}
    galleries = {
        part: union(asked) if protocol.gallery == "union" else tuple(dataset.gallery(protocol.split, part))
        for part, asked in by_part.items()
    }
    whole = view(by_part, galleries, protocol, spelling_of(dataset, protocol))
    if available is None:
        return whole
    needed = whole.images()
    missing = tuple(image for image in needed if not available(image))
    if not missing:
        return whole
    if not allow_partial:
        shown = ", ".join(missing[:EXAMPLES]) + (", …" if len(missing) > EXAMPLES else "")
        raise DataError(
            f"{len(missing)} of {len(needed)} images of split {protocol.split!r} are missing ({shown}); complete the "
            "data (`cir-bench data verify` lists what is missing), or pass --allow-partial to leave them out and have "
            "every number marked partial."
        )
    return _without(whole, frozenset(missing), protocol)


def check_headline(dataset: Dataset, protocol: Protocol) -> None:
    """`DataError` when the protocol's headline is made of parts' means and the data set has no parts, or the reverse.

    To be found out before anything is trained, and not when its metrics are averaged.
    """
    plain = list(dataset.parts) == [""]
    for key in protocol.headline.mean_of:
        if plain and "/" in key:
            why = "the data set has no parts to take a mean over"
            raise DataError(f"The protocol's headline is made of {key!r}, but {why}; choose a protocol without parts.")
        if not plain and "/" not in key:
            why = f"the data set has the parts {', '.join(dataset.parts)}, each with its own value"
            raise DataError(f"The protocol's headline is made of {key!r}, but {why}; choose a protocol with parts.")


def union(queries: Iterable[Query]) -> tuple[str, ...]:
    """References ∪ targets of some queries, each once, in order of appearance."""
    return _once(image for query in queries for image in (query.reference, *query.targets))


def spelling_of(dataset: Dataset, protocol: Protocol) -> dict[str, Mapping[str, str]]:
    """The dictionary that the protocol's text form names, by part; empty ones when it names none."""
    name = protocol.text.spelling
    return {part: dataset.spelling(name, part) if name else {} for part in dataset.parts}


def provenance_of(dataset: Dataset, protocol: Protocol) -> dict[str, str]:
    """The data set's own facts, and a digest of each spelling dictionary that the protocol reads; of no other."""
    facts = dict(dataset.provenance())
    for part, words in spelling_of(dataset, protocol).items() if protocol.text.spelling else ():
        canonical = json.dumps(dict(words), sort_keys=True)
        key = ".".join(name for name in ("spelling", protocol.text.spelling, part) if name)
        facts[key] = hashlib.sha256(canonical.encode("ascii")).hexdigest()
    return facts


def view(
    queries: Mapping[str, Sequence[Query]],
    galleries: Mapping[str, Sequence[str]],
    protocol: Protocol,
    spelling: Mapping[str, Mapping[str, str]],
) -> EvalSet:
    """Annotated queries and galleries by part, under the protocol's text and reference policy."""
    parts = {}
    graded = protocol.judges_by(JudgedBy.GAINS)
    for part, asked in queries.items():
        views: list[EvalQuery] = []
        truth: dict[str, Truth] = {}
        for query in asked:
            known = Truth(
                targets=query.targets,
                excluded=(query.reference,) if protocol.reference == "removed" else (),
                subset=query.subset,
                gains=query.gains if graded else {},
            )
            for suffix, texts in query_texts(query.id, query.captions, protocol, spelling.get(part, {})):
                views.append(EvalQuery(query.id + suffix, query.reference, texts, part, query.tags))
                truth[query.id + suffix] = known
        if not views:
            raise DataError(f"There are no queries{f' in part {part!r}' if part else ''}; check the annotation files.")
        parts[part] = PartView(tuple(views), tuple(galleries[part]), truth)
    return EvalSet(parts)


def _without(whole: EvalSet, missing: frozenset[str], protocol: Protocol) -> EvalSet:
    first_alone = protocol.judges_by(JudgedBy.FIRST_TARGET)
    parts: dict[str, PartView] = {}
    dropped: list[str] = []
    for name, part in whole.parts.items():
        queries = []
        truth = {}
        for query in part.queries:
            known = part.truth[query.id]
            targets = tuple(image for image in known.targets if image not in missing)
            gains = {image: gain for image, gain in known.gains.items() if image not in missing}
            unhittable = (known.targets and not targets) or (known.gains and not gains)
            if query.reference in missing or unhittable or (first_alone and known.targets[:1] != targets[:1]):
                dropped.append(query.id)
                continue
            queries.append(query)
            subset = tuple(image for image in known.subset if image not in missing)
            truth[query.id] = Truth(targets, known.excluded, subset, gains)
        if not queries:
            raise DataError(
                f"{len(missing)} images are missing, so that no query{f' of part {name!r}' if name else ''} is left; "
                "complete the data (`cir-bench data verify` lists what is missing)."
            )
        gallery = tuple(image for image in part.gallery if image not in missing)
        parts[name] = PartView(tuple(queries), gallery, truth)
    return EvalSet(parts, missing=tuple(image for image in whole.images() if image in missing), dropped=tuple(dropped))


def _once(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
