"""Building an `EvalSet` out of a data set's annotations, under a protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cir_bench.errors import DataError, examples
from cir_bench.evaluation.relevance import Relevance
from cir_bench.interfaces.dataset import Dataset, Query
from cir_bench.protocols.eval_set import EvalPart, EvalQuery, EvalSet, Truth, unique
from cir_bench.protocols.mbeir import under
from cir_bench.protocols.protocol import Protocol
from cir_bench.protocols.text import fill_template, query_texts

Spelling = Mapping[str, Mapping[str, str]]
"""By part a dictionary from wrong words to right ones."""
TextOf = Callable[[Query], str]
"""A text that takes the place of a query's modification text."""


def eval_set(
    dataset: Dataset,
    protocol: Protocol,
    available: Callable[[str], bool] | None = None,
    *,
    allow_partial: bool = False,
    text_of: TextOf | None = None,
    sentence: str | None = None,
) -> EvalSet:
    """The evaluation of ``dataset`` under ``protocol``.

    Args:
        dataset: its annotations.
        protocol: the conventions.
        available: whether an image (or whatever represents it) exists; None: nothing is checked.
        allow_partial: leave out (and count) missing images, and the queries without their reference or any target (or
            without the first target or any graded image, if a metric needs it).
        text_of: texts in place of the modification texts (an artefact's).
        sentence: what query texts are put into; None: the protocol's template of texts.

    `DataError` if images are missing and ``allow_partial`` is off; or nothing is left; or the data set and the protocol
    do not fit each other.
    """
    dataset = under(dataset, protocol)
    queries = dataset.queries(protocol.split)
    unknown = next((query for query in queries if query.part not in dataset.parts), None)
    if unknown is not None:
        raise DataError(f"Query {unknown.id!r} belongs to part {unknown.part!r}, which the data set does not have.")
    by_part = {part: [query for query in queries if query.part == part] for part in dataset.parts}
    galleries = {part: _gallery(dataset, protocol, part, by_part[part]) for part in by_part}
    whole = under_protocol(by_part, galleries, protocol, spelling_of(dataset, protocol), text_of, sentence)
    return whole if available is None else of_available(whole, protocol, available, allow_partial=allow_partial)


def of_available(
    whole: EvalSet, protocol: Protocol, available: Callable[[str], bool], *, allow_partial: bool = False
) -> EvalSet:
    """An evaluation without the images that are missing, as of `eval_set`, which has the errors too."""
    needed = whole.images()
    missing = tuple(image for image in needed if not available(image))
    if not missing:
        return whole
    if not allow_partial:
        raise DataError(
            f"{len(missing)} of {len(needed)} images of split {protocol.split!r} are missing ({examples(missing, 5)}); "
            "complete the data (`cir-bench data verify` lists what is missing), or pass --allow-partial to leave them "
            "out and have every number marked partial."
        )
    return _without(whole, frozenset(missing), protocol)


def gallery_sizes(dataset: Dataset, protocol: Protocol) -> dict[str, int]:
    """By part, how many images the protocol's gallery has."""
    union = protocol.gallery == "union"
    queries = dataset.queries(protocol.split) if union else ()
    by_part = {part: [query for query in queries if query.part == part] for part in dataset.parts}
    return {part: len(_gallery(dataset, protocol, part, asked)) for part, asked in by_part.items()}


def check_headline(dataset: Dataset, protocol: Protocol) -> None:
    """`DataError` if the protocol's headline uses means over parts and the data set has no parts, or the reverse.

    This finds the mistake before anything is trained, not when metrics are averaged.
    """
    dataset = under(dataset, protocol)
    if list(dataset.parts) == [""]:
        plain, which = True, "no parts to take a mean over; choose a protocol without parts."
    else:
        plain, which = False, f"the parts {', '.join(dataset.parts)}, each with its own value; choose one with parts."
    for key in protocol.headline.mean_of:
        if plain == ("/" in key):
            raise DataError(f"The protocol's headline is made of {key!r}, but the data set has {which}")


def spelling_of(dataset: Dataset, protocol: Protocol) -> Spelling:
    """The dictionary that the protocol's text form names, by part; empty ones if it names none."""
    name, dataset = protocol.text.spelling, under(dataset, protocol)
    return {part: dataset.spelling(name, part) if name else {} for part in dataset.parts}


def provenance_of(dataset: Dataset, protocol: Protocol) -> dict[str, str]:
    """The data set's own facts, and a digest of each spelling dictionary that the protocol uses."""
    facts = dict(under(dataset, protocol).provenance())
    for part, words in spelling_of(dataset, protocol).items() if protocol.text.spelling else ():
        canonical = json.dumps(dict(words), sort_keys=True)
        key = ".".join(name for name in ("spelling", protocol.text.spelling, part) if name)
        facts[key] = hashlib.sha256(canonical.encode("ascii")).hexdigest()
    return facts


def under_protocol(
    queries: Mapping[str, Sequence[Query]],
    galleries: Mapping[str, Sequence[str]],
    protocol: Protocol,
    spelling: Spelling,
    text_of: TextOf | None = None,
    sentence: str | None = None,
) -> EvalSet:
    """Annotated queries and galleries by part, under the protocol's text and reference policy; as `eval_set`.

    With ``text_of`` the queries keep their ids, so that they are compared with those of other methods.
    """
    parts = {}
    around = sentence or protocol.templates.text
    for part, annotated in queries.items():
        asked: list[EvalQuery] = []
        truth: dict[str, Truth] = {}
        for query in annotated:
            own = Truth(
                targets=query.targets,
                excluded=(query.reference, *query.further_references) if protocol.reference == "removed" else (),
                subset=query.subset,
                gains=_gains(query, protocol),
                group=query.group,
            )
            for suffix, texts in query_texts(query.id, query.captions, protocol, spelling.get(part, {})):
                filled = tuple(fill_template(around, text, query) for text in texts)
                own_texts = filled if text_of is None else (text_of(query),)
                also = query.further_references
                asked.append(EvalQuery(query.id + suffix, query.reference, own_texts, part, query.tags, also))
                truth[query.id + suffix] = own
        if not asked:
            raise DataError(f"There are no queries{f' in part {part!r}' if part else ''}; check the annotation files.")
        parts[part] = EvalPart(tuple(asked), tuple(galleries[part]), truth)
    return EvalSet(parts)


def _gains(query: Query, protocol: Protocol) -> dict[str, float]:
    """The graded images and the explicit negatives, as far as a metric counts them."""
    graded = query.gains if protocol.uses(Relevance.GAINS) else {}
    negatives = query.negatives if protocol.uses(Relevance.NEGATIVES) else ()
    return {**graded, **dict.fromkeys(negatives, -1.0)}


def _gallery(dataset: Dataset, protocol: Protocol, part: str, queries: Sequence[Query]) -> tuple[str, ...]:
    if protocol.gallery == "union":
        return unique(
            image for query in queries for image in (query.reference, *query.further_references, *query.targets)
        )
    return tuple(dataset.gallery(protocol.split, part))


def _graded(gains: Mapping[str, float]) -> bool:
    """Whether some image is worth something."""
    return any(gain > 0 for gain in gains.values())


def _without(whole: EvalSet, missing: frozenset[str], protocol: Protocol) -> EvalSet:
    first_alone = protocol.uses(Relevance.FIRST_TARGET)
    parts: dict[str, EvalPart] = {}
    dropped: list[str] = []
    for name, part in whole.parts.items():
        queries = []
        truth = {}
        for query in part.queries:
            own = part.truth[query.id]
            targets = tuple(image for image in own.targets if image not in missing)
            gains = {image: gain for image, gain in own.gains.items() if image not in missing}
            unhittable = (own.targets and not targets) or (_graded(own.gains) and not _graded(gains))
            if (
                not missing.isdisjoint(query.references)
                or unhittable
                or (first_alone and own.targets[:1] != targets[:1])
            ):
                dropped.append(query.id)
                continue
            queries.append(query)
            subset = tuple(image for image in own.subset if image not in missing)
            truth[query.id] = Truth(targets, own.excluded, subset, gains)
        if not queries:
            raise DataError(
                f"{len(missing)} images are missing, so that no query{f' of part {name!r}' if name else ''} is left; "
                "complete the data (`cir-bench data verify` lists what is missing)."
            )
        gallery = tuple(image for image in part.gallery if image not in missing)
        parts[name] = EvalPart(tuple(queries), gallery, truth)
    lacking = tuple(image for image in whole.images() if image in missing)
    return replace(whole, parts=parts, missing=lacking, dropped=tuple(dropped))
