"""Every file that a run reads back, with a flipped bit, cut, emptied, missing or replaced by a folder.

The run says so or goes on, and ends with the numbers of an undisturbed one; damage never gives another number.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.faults import SCALE, Place, Tally, flips, interrupt_after, share

from cir_bench.errors import CirBenchError
from cir_bench.records.queries import load_queries
from cir_bench.records.rankings import load_ranking
from cir_bench.records.record import read_record
from cir_bench.training.checkpoints import kept_weights

pytestmark = pytest.mark.slow

OPTIONS = ("-m", "tirg", "--set", "training.epochs=3")
BITS = 10
"""Flipped bits of each file with which the cell is run again."""
READ_BITS = 200
"""Flipped bits of each file that is only read."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("finished") / "place", OPTIONS)
    ended = place.run()
    assert ended.code == 0, ended.said
    return place


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """After two of three epochs."""
    place = Place(tmp_path_factory.mktemp("interrupted") / "place", OPTIONS)
    assert place.run(lambda: interrupt_after(2)).killed
    return place


def read_back(place: Place) -> Iterator[Path]:
    """The files that a run reads, relative to the folder of the place."""
    patterns = ("last.pt", "weights-*", "record.json", "queries.json.gz", "*.jsonl.gz", "*.safetensors", "*.json")
    found = {path for pattern in patterns for path in place.folder.rglob(pattern) if path.name != "identity.json"}
    yield from sorted(path.relative_to(place.folder) for path in found)


def damages(path: Path) -> dict[str, Callable[[Path], object]]:
    """What can happen to a file besides flipped bits."""
    content = path.read_bytes()

    def folder(place: Path) -> None:
        place.unlink()
        place.mkdir()

    return {
        "emptied": lambda place: place.write_bytes(b""),
        "cut in half": lambda place: place.write_bytes(content[: len(content) // 2]),
        "last byte missing": lambda place: place.write_bytes(content[:-1]),
        "a byte more": lambda place: place.write_bytes(content + b"\0"),
        "deleted": lambda place: place.unlink(),
        "zeros": lambda place: place.write_bytes(bytes(len(content))),
        "folder": folder,
    }


def run_again(damaged: Place, whole: Place, what: str) -> str:
    """Why the damage was survived."""
    ended = damaged.run().check()
    if what == "folder" and ended.code == 1:
        assert "Is a directory" in ended.said or "cannot be used" in ended.said, ended.said
        return "refused in one sentence"
    assert ended.code == 0, ended.said
    assert damaged.numbers() == whole.numbers(), what
    noticed = any("damaged" in one or "cannot be used" in one for one in damaged.record().warnings)
    again = "1 run, 0 done before" in ended.said
    return "warned, same number" if noticed else "run again, same number" if again else "same number"


@pytest.mark.parametrize("state", ["interrupted", "finished"])
def test_damaged_files_of_a_cell_that_is_run_again(state: str, finished, request, tmp_path: Path, tally) -> None:
    before: Place = request.getfixturevalue(state)
    rows: dict[str, Tally] = {}
    names = list(read_back(before))
    for name in names if SCALE else {kind(name): name for name in names}.values():
        if state == "finished" and (name.name.startswith("weights-") or name.parts[0] == "cache"):
            continue  # not read by a run that has nothing to do
        row = rows.setdefault(kind(name), tally(f"{state}: {kind(name)} damaged") if kind(name) not in rows else None)
        faults: list[tuple[str, Callable[[Path], object]]] = [
            ("flip", lambda path, content=content: path.write_bytes(content))
            for content in flips(before.folder / name, share(BITS), 0)
        ]
        faults += list(damages(before.folder / name).items())[: share(7)]
        for what, damage in faults:
            place = before.copy(tmp_path / "damaged")
            damage(place.folder / name)
            with row.trying((str(name), what)):
                row.add(run_again(place, finished, what))


def kind(name: Path) -> str:
    """Shards and manifests of the feature cache are each of one kind."""
    if name.parts[0] != "cache":
        return name.name
    return "feature shard" if name.suffix == ".safetensors" else "feature manifest"


def lists(path: Path, place: Place) -> object:
    ranking = load_ranking(path, place.record().rankings[path.name])
    return ranking.top_ids, ranking.better.tolist(), ranking.tied.tolist(), ranking.n_candidates.tolist()


READERS: dict[str, Callable[[Path, Place], object]] = {
    "record.json": lambda path, place: read_record(path).model_dump(),
    "queries.json.gz": lambda path, place: repr(load_queries(path)),
    "rankings/all.jsonl.gz": lists,
    "checkpoints": lambda path, place: {name: one.tolist() for name, one in (kept_weights(path.parent) or {}).items()},
}


@pytest.mark.parametrize("name", READERS)
def test_flipped_bits_of_files_that_are_only_read(name: str, finished, tmp_path: Path, tally) -> None:
    place = finished.copy(tmp_path / "place")
    path = place.cell / name
    if path.is_dir():
        (path,) = path.iterdir()
    row = tally(f"read: {path.name}")
    whole = READERS[name](path, finished)
    content = path.read_bytes()
    for flipped in flips(path, share(READ_BITS), 1):
        path.write_bytes(flipped)
        with row.trying(flipped.hex()):
            try:
                assert READERS[name](path, finished) == whole
            except CirBenchError as error:
                assert str(path) in str(error)  # noqa: PT017 (the sentence is checked, not the error)
                row.add("refused in one sentence")
            else:
                row.add("nothing changed by it")
    path.write_bytes(content)
    shutil.rmtree(place.folder)
