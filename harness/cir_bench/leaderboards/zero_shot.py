"""Which rows are not zero-shot, although they were not trained on triplets."""

from __future__ import annotations

from collections.abc import Sequence

from cir_bench.records.record import RunRecord


def seen(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """What a row's records declare to have been trained on of the benchmark's own data set, each once.

    Nothing for a sentinel, which looks at nothing, and for a row that was trained on triplets, as everybody sees.
    """
    found: dict[str, None] = {}
    for record in records:
        data, sentinel = record.dataset, record.method is not None and record.method.kind == "sentinel"
        if data is None or sentinel or (record.history and data.examples == "triplets"):
            continue
        found |= dict.fromkeys(name for name in record.training_data if name.partition("/")[0] == data.name)
    return tuple(found)
