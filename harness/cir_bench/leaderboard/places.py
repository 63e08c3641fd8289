"""Where a cell ran: what times and memory depend on."""

from __future__ import annotations

from cir_bench.records.record import RunRecord


def place_of(record: RunRecord) -> str:
    """Device, precision, threads and torch; empty where the record does not know."""
    here = record.environment
    if here is None:
        return ""
    threads = f"{here.threads} thread{'' if here.threads == 1 else 's'}"
    return f"{here.device} ({here.precision}, {threads}, torch {here.torch})"
