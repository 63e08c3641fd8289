"""Files that change, files that come home, versions that differ, GPUs that are shared."""

import pytest

from cir_bench.engine.home import Home
from cir_bench.engine.same import difference, versions
from cir_bench.engine.snapshot import Snapshot
from cir_bench_executors.cards import Cards


def test_a_snapshot_has_what_changed_and_what_is_gone(tmp_path) -> None:
    (tmp_path / "old").write_text("1")
    (tmp_path / "gone").write_text("1")
    snapshot = Snapshot({"out": tmp_path})
    assert snapshot.changes() == {}
    (tmp_path / "gone").unlink()
    (tmp_path / "lock").write_text("")
    (tmp_path / ".new.1.tmp").write_text("")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "new").write_text("2")
    assert snapshot.changes() == {"out/inner/new": b"2", "out/gone": None}
    assert snapshot.changes() == {}
    (tmp_path / "old").write_text("longer")
    assert snapshot.changes() == {"out/old": b"longer"}


class Cell:
    def folder(self, out):
        return out / "cells" / "mine"


def test_only_results_of_the_cell_come_home(tmp_path) -> None:
    home = Home(tmp_path / "out", tmp_path / "cache")
    folder = tmp_path / "out" / "cells" / "mine"
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("checkpoints/last.pt", "notes.txt"):
        (folder / name).write_text("old")
    home.of_cell(
        Cell(),
        {
            "out/cells/mine/record.json": b"{}",
            "out/cells/mine/rankings/all.jsonl.gz": b"r",
            "out/cells/mine/checkpoints/last.pt": None,
            "out/cells/mine/notes.txt": None,
            "out/cells/other/record.json": b"foreign",
            "out/cells/mine/../../escaped": b"foreign",
            "cache/features/x": b"foreign",
        },
    )
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {f"out/cells/mine/{name}" for name in ("record.json", "rankings/all.jsonl.gz", "notes.txt")}
    home.of_features({"cache/features/a/00000.json": b"m", "cache/features/../b": b"foreign", "out/c": b"foreign"})
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["00000.json"]


def test_a_difference_is_named() -> None:
    ours = dict(versions())
    assert difference(ours, ours) == ""
    assert "torch is 1.0 there" in difference(ours, {**ours, "torch": "1.0"})
    code = {"code.mine": "mine.py=1\nother.py=1"}
    assert difference(code, {"code.mine": "mine.py=2\nother.py=1"}) == "the code of plugin mine changed: mine.py"
    assert difference(code, {}) != ""


def test_cards_are_shared_in_parts_and_given_whole() -> None:
    cards = Cards(["0", "1"])
    assert cards.take(0) == ()
    assert cards.take(0.5) == ("0",) or cards.take(0.5) == ("1",)
    half = cards.take(0.5)
    assert half is not None
    whole = cards.take(1)
    assert whole is not None and whole != half, "a whole one is still free, since halves share"
    assert cards.take(0.5) is None and cards.take(1) is None
    cards.give_back(whole, 1)
    assert cards.take(2) is None
    cards.give_back(half, 0.5)
    cards.give_back(half, 0.5)
    assert sorted(cards.take(2) or ()) == ["0", "1"]


@pytest.mark.parametrize("third", [1 / 3])
def test_three_thirds_fit_one_card(third) -> None:
    cards = Cards(["7"])
    assert [cards.take(third) for _ in range(4)] == [("7",), ("7",), ("7",), None]
