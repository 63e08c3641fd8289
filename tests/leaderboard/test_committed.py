"""The committed leaderboard is what its committed records give, byte for byte."""

from pathlib import Path

import pytest

from cir_bench.leaderboard import build, load_records, render

FOLDER = Path(__file__).parents[2] / "leaderboard"


@pytest.mark.skipif(not (FOLDER / "LEADERBOARD.md").is_file(), reason="no leaderboard is committed: make leaderboard")
def test_it_is_made_from_its_records():
    records, damaged = load_records([FOLDER / "records"])
    assert damaged == []
    assert render(build(records)) == (FOLDER / "LEADERBOARD.md").read_text(encoding="utf-8")
