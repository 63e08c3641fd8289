"""Badges of rows.

re-scored: its metrics follow from the results of its queries. reproduced: so do those of an independent record of a
cell, which agrees. claimed: they follow from nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cir_bench.leaderboards.grouping import CellIdentity, identity
from cir_bench.leaderboards.model import Row
from cir_bench.records.load import StoredRecord

NEAR = 0.01
"""Points by which two records of one seed may differ; with several seeds it is their standard deviation, if larger."""
REPRODUCED = "reproduced"


def with_badge(row: Row, records: Mapping[CellIdentity, Sequence[StoredRecord]], headline: str) -> Row:
    """A finished row with its badge. ``records`` are all finished ones of each cell, also those that are not used."""
    if any(one.doubt for one in row.cells):
        return row.model_copy(update={"badge": "claimed"})
    spread = row.metrics[headline].sd if headline in row.metrics else None
    agree, remarks = False, []
    for one in row.cells:
        here = one.record.metrics[headline]
        for other in _independent(one, records.get(identity(one), ())):
            there = other.record.metrics[headline]
            if here == there or abs(here - there) <= max(NEAR, spread or 0.0):
                agree = True
            else:
                seed = one.record.cell.seed
                remarks.append(f"not reproduced: seed {seed} has {here:.2f} here and {there:.2f} in another record")
    if remarks:
        return row.model_copy(update={"badge": "re-scored", "remarks": (*row.remarks, *dict.fromkeys(remarks))})
    if agree:
        return row.model_copy(update={"badge": REPRODUCED, "remarks": (*row.remarks, REPRODUCED)})
    return row.model_copy(update={"badge": "re-scored"})


def _independent(one: StoredRecord, records: Sequence[StoredRecord]) -> Iterator[StoredRecord]:
    """Records of the same cell, made from the same ingredients at another time, elsewhere."""
    record = one.record
    for other in records:
        elsewhere = other.root != one.root or other.record.environment != record.environment
        same = other.record.ingredients == record.ingredients
        if not other.doubt and same and elsewhere and other.record.finished != record.finished:
            yield other
