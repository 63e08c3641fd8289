"""Can a record be trusted? Records made elsewhere appear in one table with one's own, so all of them are checked.

A record that contradicts itself, its protocol or its queries is left out. Of the others, those whose numbers follow
from their own queries under a protocol that is known here are *re-scored*; the rest are *claimed*, and never ranked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from cir_bench.bounded import LARGEST
from cir_bench.errors import CirBenchError
from cir_bench.evaluation.measure import measure
from cir_bench.evaluation.metrics import beyond, parse_metric
from cir_bench.protocols.limit import limit_mark
from cir_bench.protocols.protocol import Protocol
from cir_bench.records.record import RunRecord
from cir_bench.statistics.queries import QueryResults

ProtocolOf = Callable[[str, str], Protocol | None]
"""The protocol of a benchmark (``fashioniq``, ``folder:photos``) by its name and version; None if it is unknown."""

TOLERANCE = 1e-6
"""Points by which a metric may differ from what its queries give: other machines add up in another order."""
LONGEST_NAME = 1000
CLOCKS_DIFFER = timedelta(days=1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_DIGITS = 12
_NOT_NEGATIVE = ("cell.seed", "n_queries", "n_gallery", "method.", "encoder.", "dataset.", "cost.", "environment.")
"""Fields of a record that count or measure something."""
_MAY_BE_INFINITE = ("history.selection", "selection.score")
"""A median rank."""


def mistake(record: RunRecord, queries: QueryResults | None, protocol: Protocol | None) -> str:
    """Why a record must be left out; empty if nothing is wrong with it.

    ``queries`` are the results of its queries, if they were kept; ``protocol`` is the one it names, if it is known.
    """
    return (
        _bad_names(record)
        or _bad_date(record)
        or _bad_protocol(record, protocol)
        or _bad_counts(record)
        or _bad_weights(record)
        or _bad_artefact(record)
        or _bad_limit(record)
        or _bad_rerank(record, protocol)
        or _bad_metrics(record)
        or (_bad_queries(record, queries, protocol) if queries is not None else "")
    )


def doubt(record: RunRecord, queries: QueryResults | None, protocol: Protocol | None) -> str:
    """Why the numbers of a record without `mistake` are only claimed; empty if they are re-scored, or it has none."""
    if record.status == "failed" or record.hidden:
        return ""
    if protocol is None:
        return f"there is no protocol {record.cell.benchmark}/{record.cell.protocol} here to check it against"
    if queries is None:
        return "the results of its queries are not there"
    if lacking := [name for name in protocol.metrics if name not in queries.metrics]:
        return f"its queries were not kept for {lacking[0]}"
    if record.limit is not None:
        return ""
    expected = protocol.expected
    return _other_counts("queries", record.n_queries, expected.n_queries, record.partial) or _other_counts(
        "gallery images", record.n_gallery, expected.n_gallery, record.partial
    )


def _other_counts(what: str, found: Mapping[str, int], expected: Mapping[str, int], partial: bool) -> str:
    """In which part there are not as many as the protocol has, although the record is not said to be partial."""
    for part in sorted({*found, *expected}) if expected else ():
        have, should = found.get(part, 0), expected.get(part, 0)
        if have != should and not partial:
            return f"it has {have:,} {what}{f' of {part}' * bool(part)}, but the protocol has {should:,}"
    return ""


def _bad_names(record: RunRecord) -> str:
    for field, name in record.cell.model_dump().items():
        if isinstance(name, str) and len(name) > LONGEST_NAME:
            return f"its {field} is longer than {LONGEST_NAME:,} characters"
    return ""


def _bad_date(record: RunRecord) -> str:
    """A date to come would overrule every later record of the cell."""
    if not record.finished:
        return ""
    try:
        if not _DATE.match(record.finished):
            raise ValueError
        finished = datetime.fromisoformat(record.finished[:19]).replace(tzinfo=timezone.utc)
    except ValueError:
        return f"it says that it was finished on {record.finished!r:.30}, which is not a date"
    late = finished > datetime.now(timezone.utc) + CLOCKS_DIFFER
    return f"it says that it was finished on {finished.date()}, which is in the future" if late else ""


def _bad_protocol(record: RunRecord, protocol: Protocol | None) -> str:
    """The record's hash and the conventions that it spells out must be the known protocol's and its ingredients'."""
    facts = record.protocol
    if facts is None:
        return "it does not say under which protocol it was measured" if record.status == "done" else ""
    measured = record.ingredients.get("protocol.hash", facts.hash)
    if measured != facts.hash:
        return f"it was measured under a protocol of hash {measured[:_DIGITS]}, but claims {facts.hash[:_DIGITS]}"
    if protocol is None:
        return ""
    name = f"{record.cell.benchmark}/{record.cell.protocol}"
    if protocol.hash() != facts.hash:
        return f"it names the protocol {name}, whose hash is {protocol.hash()[:_DIGITS]}, not {facts.hash[:_DIGITS]}"
    for field in ("reference", "gallery", "query_text"):
        if getattr(protocol, field) != getattr(facts, field):
            return (
                f"{field} is {getattr(protocol, field)} under {name}, but the record says {getattr(facts, field):.60}"
            )
    if record.headline not in ("", protocol.headline.name):
        return f"the headline of {name} is {protocol.headline.name}, but the record says {record.headline:.60}"
    return ""


def _bad_counts(record: RunRecord) -> str:
    """Which number is no count, time or size."""
    for key, value in _numbers(record.model_dump(exclude={"metrics", "tags"})):
        endless = math.isinf(value) and key.startswith(_MAY_BE_INFINITE)
        if not (abs(value) <= LARGEST or endless):
            return f"{key:.60} is {value:g}, which cannot be measured"
        if value < 0 and key.startswith(_NOT_NEGATIVE):
            return f"{key:.60} is {value}, less than nothing"
    return ""


def _bad_weights(record: RunRecord) -> str:
    """Published weights are named by the ingredients and the variant, too, and nothing is trained with them."""
    claimed = record.weights.sha256 if record.weights else ""
    have = record.ingredients.get("weights", "")
    if not claimed and (not have or record.status == "failed"):
        return ""
    if claimed != have or f"published={claimed[:_DIGITS]}" not in record.cell.variant.split():
        return "its published weights, its ingredients and its variant do not agree"
    if record.history or (record.method and record.method.trained_parameters):
        return "it says that it was trained, but also that its weights are published ones"
    return ""


def _bad_artefact(record: RunRecord) -> str:
    """Texts that were made elsewhere are named by the ingredients and the variant, too."""
    have = {name: digest for name, digest in record.ingredients.items() if name.startswith("artefact.")}
    facts = record.artefact
    if facts is None:
        return "it does not say where its artefact comes from" if have and record.status == "done" else ""
    named = f"{facts.name}={facts.sha256[:_DIGITS]}" in record.cell.variant.split()
    if have != {f"artefact.{facts.name}": facts.sha256} or not named:
        return "its artefact, its ingredients and its variant do not agree"
    return ""


def _bad_limit(record: RunRecord) -> str:
    """A quick look is named by its ingredients and its variant, too."""
    facts = record.limit
    if facts is None:
        return "it is a quick look, and does not say so" if "limit" in record.ingredients else ""
    marked = record.status == "failed" or record.ingredients.get("limit") == limit_mark(facts.queries)
    if not marked or f"limit={facts.queries}" not in record.cell.variant.split():
        return "its limit, its ingredients and its variant do not agree"
    return ""


def _bad_rerank(record: RunRecord, protocol: Protocol | None) -> str:
    """It flags just those metrics that look further than its second stage."""
    facts = record.rerank
    if facts is None or protocol is None or facts.beyond == beyond(protocol.metrics, facts.k):
        return ""
    return f"it does not say which metrics look beyond the best {facts.k}, which its second stage rescored"


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Every number within nested mappings and sequences, with its keys."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _numbers(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _numbers(inner, key)
    elif isinstance(value, (int, float)):
        yield key, value


def _bad_metrics(record: RunRecord) -> str:
    """Which metric no measurement can give."""
    for tag, metrics in {"": record.metrics, **record.tags}.items():
        for key, value in metrics.items():
            low, high = _range(key)
            if not low <= value <= high:
                return f"it says {_named(key, tag)} is {value:g}, which is not between {low:g} and {high:g}"
    return ""


def _named(key: str, tag: str) -> str:
    return f"{key:.60} of {tag:.60}" if tag else f"{key:.60}"


def _range(key: str) -> tuple[float, float]:
    """What the mean of a metric over queries can be; ``n`` counts the queries of a tag."""
    name = key.rpartition("/")[2]
    try:
        percent = parse_metric(name).family.percent
    except CirBenchError:  # a headline such as Rmean is a mean of percentages
        percent = name != "n"
    return (0.0, 100.0 + TOLERANCE) if percent else (0.0, math.inf)


def _bad_queries(record: RunRecord, queries: QueryResults, protocol: Protocol | None) -> str:
    """Which number of a record its queries do not give; empty if they give all. This finds numbers edited by hand."""
    for what, claimed, found in (
        ("queries", record.n_queries, {name: len(part.gallery) for name, part in queries.parts.items()}),
        ("gallery images", record.n_gallery, {name: part.gallery.n_gallery for name, part in queries.parts.items()}),
    ):
        for part in sorted({*claimed, *found}):
            if claimed.get(part) != found.get(part):
                where = f" of {part:.60}" if part else ""
                return f"it says {claimed.get(part, 0)} {what}{where}, but kept {found.get(part, 0)}"
    if queries.headline.name != record.headline:
        return f"its headline is {record.headline!r:.60}, but its queries were kept for {queries.headline.name!r:.60}"
    if protocol is not None and queries.headline != protocol.headline:
        return f"its {record.headline} is the mean of {', '.join(queries.headline.mean_of)!s:.90}, not the protocol's"
    try:
        result = measure(queries.parts, queries.metrics, headline=queries.headline.mean_of)
    except CirBenchError as error:
        return f"its queries cannot be evaluated ({error})"
    claims = {"": record.metrics, **record.tags}
    gives = {"": {**result.metrics, queries.headline.name: result.headline or 0.0}, **result.tags}
    for tag, metrics in claims.items():
        for key, value in metrics.items():
            other = gives.get(tag, {}).get(key)
            if other is None or not (value == other or abs(value - other) <= TOLERANCE):
                measured = "nothing" if other is None else f"{other:.4f}"
                return f"it says {_named(key, tag)} is {value:.4f}, but its queries give {measured}"
    return ""
