"""Every record format that was ever written keeps loading: ``historic/`` holds one of each kind, as it was written.

Never edit a file there. When the format of records changes, add one that the new code has written.
"""

from pathlib import Path

import pytest

from cir_bench.leaderboards import build, render
from cir_bench.records.load import load_records
from cir_bench.records.record import RECORD_FILE, read_record

HISTORIC = Path(__file__).parent / "historic"
RECORDS = sorted(HISTORIC.rglob(RECORD_FILE))


def test_there_are_some():
    assert len(RECORDS) >= 8


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: str(path.parent.relative_to(HISTORIC)))
def test_it_is_read_with_its_numbers(path):
    record = read_record(path)
    assert record.schema_version == 1
    assert (record.headline in record.metrics) == (record.status == "done" and not record.hidden)


def test_together_they_are_a_leaderboard():
    found, sentences = load_records([HISTORIC])
    assert sentences == [] and len(found) == len(RECORDS)
    text = render(build(found))
    assert all(f"`{one.record.cell.method}`" in text for one in found if not one.record.hidden)
