"""The folder in which an export grows: gone in the end, also when the export before it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cir_bench.data.staging import LOCK, growing

WRITES = """
    import sys, time
    from pathlib import Path
    from cir_bench.data.staging import growing
    with growing(Path(sys.argv[1])) as part:
        (part / "half.parquet").write_text("half")
        print("writing", flush=True)
        time.sleep(600)
"""
Writer = subprocess.Popen[str]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def writer(place: Path) -> Iterator[Callable[[], Writer]]:
    """Starts another process that writes to the same place and does not end by itself."""
    started: list[Writer] = []

    def start() -> Writer:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITES), str(place)], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def beside(place: Path) -> list[Path]:
    return sorted(path for path in place.parent.iterdir() if path != place)


def test_it_is_moved_to_its_place_and_leaves_nothing(place: Path) -> None:
    with growing(place) as part:
        (part / "file").touch()
        part.replace(place)
    assert [path.name for path in place.iterdir()] == ["file"]
    assert beside(place) == []


def test_after_a_failure_nothing_is_left(place: Path) -> None:
    def fail() -> None:
        with growing(place) as part:
            (part / "file").touch()
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        fail()
    assert beside(place) == []


def test_what_a_killed_process_left_is_removed_by_the_next(place: Path, writer: Callable[[], Writer]) -> None:
    process = writer()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (left,) = beside(place)
    assert (left / "out" / "half.parquet").is_file()
    with growing(place):
        assert not left.exists()
    assert beside(place) == []


def test_what_a_live_process_writes_stays(place: Path, writer: Callable[[], Writer]) -> None:
    writer()
    (live,) = beside(place)
    with growing(place):
        pass
    assert beside(place) == [live]
    assert (live / "out" / "half.parquet").is_file()


@pytest.mark.parametrize(
    ("folder", "entries"),
    [
        ("out.part", [LOCK]),  # no name that an export gives
        ("out.ab12.part", ["thesis.tex"]),  # has never been locked
        ("out.ab12.part", [LOCK, "thesis.tex"]),
        ("out.new.ab12.part", [LOCK, "out.new"]),  # that of an export to out.new
        ("other.ab12.part", [LOCK, "other"]),
    ],
)
def test_what_no_export_to_this_place_made_stays(place: Path, folder: str, entries: list[str]) -> None:
    (place.parent / folder).mkdir()
    for entry in entries:
        (place.parent / folder / entry).touch()
    with growing(place):
        pass
    assert sorted(path.name for path in (place.parent / folder).iterdir()) == sorted(entries)


def test_a_folder_that_is_swept_before_it_is_locked_is_made_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cir_bench.data import staging

    class Swept(staging.FileLock):
        """Whose folder another process removes the first time, when it is made and not yet locked."""

        sweeps = 0

        def acquire(self, *args: object, **options: object) -> object:
            got = super().acquire()
            Swept.sweeps += 1
            if Swept.sweeps == 1:
                Path(self.lock_file).unlink()
                Path(self.lock_file).parent.rmdir()
            return got

    monkeypatch.setattr(staging, "FileLock", Swept)
    with growing(place) as part:
        assert part.is_dir()
    assert Swept.sweeps == 2
    assert beside(place) == []
