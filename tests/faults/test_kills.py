"""A cell is killed at each of its file operations; repeated, it ends with the same numbers, weights and files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.faults import Place, count_epochs, kill_at, on_operation, share

pytestmark = pytest.mark.slow

CELLS = {
    "one stage": ("-m", "tirg", "--set", "training.epochs=3"),
    "two stages": ("-m", "staged", "--set", "training.epochs=2"),
    "trained encoder": ("-m", "tirg", "-e", "toy-live", "--set", "training.epochs=2"),
}
UNFINISHED_SHARD = ".json is missing; it is removed and its items are encoded again"
EPOCHS = {"one stage": 3, "two stages": 4, "trained encoder": 2}


def operations(place: Place) -> int:
    """How many file operations a whole run has."""

    def begin() -> None:
        on_operation(place.folder, lambda event: print(f"\noperation: {event}"))

    ended = place.run(begin)
    assert ended.code == 0, ended.said
    return len(re.findall("^operation: ", ended.said, re.MULTILINE))


@pytest.mark.parametrize("name", CELLS)
def test_kills_at_every_file_operation(name: str, tmp_path: Path, tally) -> None:
    whole = Place(tmp_path / "whole", CELLS[name])
    count = operations(whole)
    row = tally(f"killed at a file operation, {name}")
    assert count > 20
    tried = share(count)
    for number in sorted({(2 * step + 1) * count // (2 * tried) for step in range(tried)}):
        place = Place(tmp_path / f"killed-{number}", CELLS[name])
        log = tmp_path / f"epochs-{number}"

        def begin(number=number, place=place, log=log) -> None:
            count_epochs(log)
            kill_at(number, place.folder)

        with row.trying(f"operation {number}"):
            ended = place.run(begin)
            assert ended.killed, ended.said
            begun = log.stat().st_size
            ended = place.run(lambda log=log: count_epochs(log)).check()
            assert ended.code == 0, ended.said
            assert place.numbers() == whole.numbers()
            noted = set(place.record().warnings) - set(whole.record().warnings)
            assert all(UNFINISHED_SHARD in note for note in noted), noted
            assert place.files() == whole.files(), place.files() ^ whole.files()
            assert log.stat().st_size <= EPOCHS[name] + 1, "more than the running epoch was lost"
            lost = log.stat().st_size > EPOCHS[name]
            row.add(_why(shard=bool(noted), lost=lost, begun=begun > 0))


def _why(*, shard: bool, lost: bool, begun: bool) -> str:
    if shard:
        return "an unfinished feature shard encoded again"
    if lost:
        return "the running epoch repeated"
    return "nothing repeated" if begun else "before training"
