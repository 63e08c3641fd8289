"""Whether a record may be believed: records that were made elsewhere stand in one table with one's own."""

from __future__ import annotations

from cir_bench.protocols.builtin import known_protocol
from cir_bench.records.find import contradiction
from cir_bench.records.record import RunRecord
from cir_bench.statistics.queries import QueryResults

OWN = "cir-bench"
"""The distribution whose plugins need no naming."""
_DIGITS = 12


def protocol_doubt(record: RunRecord) -> str:
    """Why a record's protocol is not the one that it names; empty when it is, or when none of that name is known here.

    The hash is held against the known protocol's, against the one among the record's ingredients, and the conventions
    that the record spells out against those behind the hash.
    """
    said = record.protocol
    if said is None:
        return ""
    name = f"{record.cell.benchmark}/{record.cell.protocol}"
    made_with = record.ingredients.get("protocol.hash", said.hash)
    if made_with != said.hash:
        return f"it was measured under a protocol of hash {made_with[:_DIGITS]}, but claims {said.hash[:_DIGITS]}"
    known = known_protocol(record.cell.benchmark, record.cell.protocol)
    if known is None:
        return ""
    if known.hash() != said.hash:
        return f"it names the protocol {name}, whose hash is {known.hash()[:_DIGITS]}, not {said.hash[:_DIGITS]}"
    for field in ("reference", "gallery", "query_text"):
        if getattr(known, field) != getattr(said, field):
            return f"{field} is {getattr(known, field)} under {name}, but the record says {getattr(said, field)}"
    return ""


def doubt(record: RunRecord, queries: QueryResults | None) -> str:
    """Why a record must be left out; empty when nothing speaks against it."""
    return protocol_doubt(record) or (contradiction(record, queries) if queries is not None else "")


def foreign(distribution: str, version: str) -> str:
    """How an object from elsewhere is named; empty for cir-bench's own."""
    return "" if distribution == OWN else f"{distribution} {version}".strip()
