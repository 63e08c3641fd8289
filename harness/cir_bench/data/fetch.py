"""The files that a data set's spec declares: existing ones are verified, missing ones downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from cir_bench.atomic import move_into_place
from cir_bench.data.transfer import transfer
from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.specs import DatasetSpec, RemoteFile
from cir_bench.utils.files import inside

LOCK = ".fetch.lock"
FetchProgress = Callable[[RemoteFile, int], None]
"""Called again and again with a file and the number of bytes that are on disk."""


@dataclass(frozen=True)
class Fetched:
    """A declared file that is verified and at ``path``; ``new``: it was downloaded just now."""

    file: RemoteFile
    path: Path
    new: bool


def fetch(
    spec: DatasetSpec, folder: Path, *, accept_licence: bool = False, progress: FetchProgress = lambda file, done: None
) -> Iterator[Fetched]:
    """Put every declared file in place, in the spec's order; files that exist and are right are left alone.

    A file appears under its name only whole and verified. An interrupted download is continued by the next call.
    ``folder`` is the data set's own, ``<data root>/<name>``; ``accept_licence`` is the user's answer to a licence that
    forbids commercial use.
    """
    places = [(file, inside(folder, file.path)) for file in spec.files]
    missing = {file.path for file, path in places if not _is_in_place(file, path)}
    if missing and spec.non_commercial and not accept_licence:
        raise ConfigError(
            f"{len(missing)} files of {spec.name!r} are under a licence that forbids commercial use ({spec.licence}; "
            f"{spec.homepage}): read it, and pass --accept-licence if you accept it."
        )
    if not missing:
        yield from (Fetched(file, path, new=False) for file, path in places)
        return
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            for file, path in places:
                # checked again: another process may have fetched it before this one had the lock
                new = file.path in missing and not _is_in_place(file, path)
                if new:
                    _fetch(file, path, progress)
                yield Fetched(file, path, new=new)
    except Timeout as error:
        raise DataError(f"another process is fetching into {folder}; wait for it, then run this again.") from error


def _is_in_place(file: RemoteFile, path: Path) -> bool:
    if not path.exists():
        return False
    if path.is_file() and path.stat().st_size == file.size and sha256_of(path) == file.sha256:
        return True
    raise DataError(
        f"{path} exists, but it is not the file of {file.url} (another sha256); move it away and run this again, or "
        "keep it and do without fetch."
    )


def _fetch(file: RemoteFile, path: Path, progress: FetchProgress) -> None:
    part = path.with_name(f"{path.name}.part")
    for done in transfer(file.url, part, file.size):
        progress(file, done)
    found = sha256_of(part)
    if found != file.sha256:
        part.unlink()  # otherwise the next call would continue it
        raise DataError(
            f"{file.url} has the sha256 {found}, {file.sha256} expected: it changed on its server or on its way. "
            "Nothing was put in place; run this again, and if that does not help, get the file elsewhere."
        )
    move_into_place(part, path)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(2**20):
            digest.update(block)
    return digest.hexdigest()
