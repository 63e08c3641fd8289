"""The folder beside an export's place in which it grows, and what killed exports have left of theirs."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".export.lock"
"""Held by the process that writes: the system lets go of it when the process dies, however it dies."""
SUFFIX = ".part"


@contextmanager
def growing(place: Path) -> Iterator[Path]:
    """A new, empty folder on the disk of ``place``, to be moved there when it is complete; removed if it is not moved.

    What exports to the same place left when they were killed is removed first; what a live process writes is not, nor
    anything that no export has made.

    Args:
        place: absolute; its parent is there.
    """
    _remove_left_overs(place)
    beside, lock = _locked_folder(place)
    try:
        part = beside / place.name  # made with the usual permissions, which the temporary folder has not
        part.mkdir()
        yield part
    finally:
        lock.release()
        shutil.rmtree(beside, ignore_errors=True)


def _locked_folder(place: Path) -> tuple[Path, FileLock]:
    """A folder with a name of its own, since another process may be writing to the same place, and its lock."""
    while True:
        beside = Path(tempfile.mkdtemp(prefix=f"{place.name}.", suffix=SUFFIX, dir=place.parent))
        lock = FileLock(beside / LOCK)
        lock.acquire()
        if (beside / LOCK).is_file():  # else another process took it for a left-over before it was locked
            return beside, lock
        lock.release()


def _remove_left_overs(place: Path) -> None:
    for beside in place.parent.iterdir():
        try:
            if _is_ours(beside, place):
                with FileLock(beside / LOCK, timeout=0):
                    shutil.rmtree(beside, ignore_errors=True)
        except (Timeout, OSError):  # a live process holds it; or it is another user's, or just gone
            continue


def _is_ours(beside: Path, place: Path) -> bool:
    """Whether an export to ``place`` made the folder, and nobody has put anything else into it."""
    name = re.escape(place.name) + r"\.[a-z0-9_]+" + re.escape(SUFFIX)
    if not re.fullmatch(name, beside.name) or beside.is_symlink() or not (beside / LOCK).is_file():
        return False
    return all(entry.name in {LOCK, place.name} for entry in beside.iterdir())
