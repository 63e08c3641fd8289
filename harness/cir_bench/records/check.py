"""Can a record be trusted? Records made elsewhere appear in one table with one's own, so all of them are checked."""

from __future__ import annotations

from cir_bench.errors import CirBenchError
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.records.record import RunRecord
from cir_bench.statistics.queries import QueryResults

TOLERANCE = 1e-6
"""Points by which a metric may differ from what its queries give: other machines add up in another order."""
_DIGITS = 12


def mistake(record: RunRecord, queries: QueryResults | None) -> str:
    """Why a record must be left out; empty if nothing is wrong with it."""
    return protocol_mistake(record) or (metrics_mistake(record, queries) if queries is not None else "")


def protocol_mistake(record: RunRecord) -> str:
    """Why a record's protocol is not the one that it names; empty if it is, or if no protocol of that name is built in.

    Its hash and the conventions that it spells out must be the built-in protocol's, and its ingredients must agree.
    """
    facts = record.protocol
    if facts is None:
        return ""
    name = f"{record.cell.benchmark}/{record.cell.protocol}"
    measured = record.ingredients.get("protocol.hash", facts.hash)
    if measured != facts.hash:
        return f"it was measured under a protocol of hash {measured[:_DIGITS]}, but claims {facts.hash[:_DIGITS]}"
    protocol = builtin_protocol(record.cell.benchmark, record.cell.protocol)
    if protocol is None:
        return ""
    if protocol.hash() != facts.hash:
        return f"it names the protocol {name}, whose hash is {protocol.hash()[:_DIGITS]}, not {facts.hash[:_DIGITS]}"
    for field in ("reference", "gallery", "query_text"):
        if getattr(protocol, field) != getattr(facts, field):
            return f"{field} is {getattr(protocol, field)} under {name}, but the record says {getattr(facts, field)}"
    return ""


def metrics_mistake(record: RunRecord, queries: QueryResults) -> str:
    """Which number of a record its queries do not give; empty if they give all. This finds numbers edited by hand."""
    if queries.headline.name != record.headline:
        return f"its headline is {record.headline!r}, but its queries were kept for {queries.headline.name!r}"
    try:
        result = measure(queries.parts, queries.metrics, headline=queries.headline.mean_of)
    except CirBenchError as error:
        return f"its queries cannot be evaluated ({error})"
    measured = {**result.metrics, queries.headline.name: result.headline}
    for key, value in record.metrics.items():
        other = measured.get(key)
        if other is None or not (value == other or abs(value - other) <= TOLERANCE):
            gives = "nothing" if other is None else f"{other:.4f}"
            return f"it says {key} is {value:.4f}, but its queries give {gives}"
    return ""
