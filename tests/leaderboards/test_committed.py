"""The committed leaderboards are what their committed records give, byte for byte."""

from pathlib import Path

import pytest

from cir_bench.leaderboards import build, render
from cir_bench.records.load import load_records

FOLDER = Path(__file__).parents[2] / "leaderboard"


@pytest.mark.parametrize(("name", "records"), [("LEADERBOARD.md", "css"), ("FASHIONIQ.md", "fashioniq")])
def test_it_is_made_from_its_records(name: str, records: str):
    loaded, damaged = load_records([FOLDER / "records" / records])
    assert damaged == []
    assert render(build(loaded)) == (FOLDER / name).read_text(encoding="utf-8")
