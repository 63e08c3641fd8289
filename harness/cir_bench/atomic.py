"""Files and folders written whole or not at all: next to their place, flushed to disk, then renamed.

A process that is killed while it writes leaves ``.NAME.HOST.PID.TOKEN.tmp`` behind. The next writer in the same folder
removes it: at once if the process is known to be dead, otherwise after a day without a change.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

STALE_SECONDS = 24 * 3600
"""Age after which a temporary file is removed although its process may be alive, on another host for example."""
_TEMPORARY = re.compile(r"\..+\.(?P<host>[0-9a-f]{8})\.(?P<pid>[1-9][0-9]*)\.[0-9a-f]{8}\.tmp")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file that takes the place of ``path`` when the block ends without an error.

    Readers see the old file or the whole new one, even if the machine crashes. Missing parent folders are created. A
    device or a pipe (``/dev/stdout``) is not replaced: it is yielded itself. `OSError` with the name ``path`` if it
    cannot be written.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        yield path
        return
    temporary = _next_to(path)
    try:
        yield temporary
        move_into_place(temporary, path)
    except OSError as error:
        if error.errno is None or str(error.filename) not in {"None", str(temporary)}:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk comes without a name
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder that is moved to ``path``, which may be an empty one, when the block ends without an error."""
    temporary = _next_to(path)
    try:
        temporary.mkdir()
        yield temporary
        move_into_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def move_into_place(source: Path, path: Path) -> None:
    """Flush a file, or a folder with everything in it, to disk and rename it to ``path`` in the same file system."""
    _sync(source)
    if source.is_dir() and path.is_dir():
        path.rmdir()
    os.replace(source, path)
    with suppress(OSError):  # some network file systems cannot flush a folder; the rename itself has succeeded
        _sync_entry(path.parent)


def sweep(folder: Path) -> None:
    """Remove the temporary files and folders that killed writers left in ``folder``."""
    for entry in os.listdir(folder):
        name, path = _TEMPORARY.fullmatch(entry), folder / entry
        if name is None:
            continue
        with suppress(OSError):  # it belongs to another user, or another process has just removed it
            if (name["host"] == _host() and not _is_alive(int(name["pid"]))) or _age(path) > STALE_SECONDS:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def is_temporary(name: str) -> bool:
    """Whether a file or folder of this name is being written, or was when its writer was killed."""
    return _TEMPORARY.fullmatch(name) is not None


def _next_to(path: Path) -> Path:
    """The path of a temporary in the folder of ``path``, which is created and swept."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    return path.with_name(f".{path.name}.{_host()}.{os.getpid()}.{secrets.token_hex(4)}.tmp")


def _sync(path: Path) -> None:
    if path.is_dir():
        for entry in path.iterdir():
            _sync(entry)
    _sync_entry(path)


def _sync_entry(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return  # Windows cannot open a folder
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def _host() -> str:
    """A digest that tells machines, and containers with process numbers of their own, from each other."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return hashlib.sha256(f"{platform.node()}/{namespace}".encode()).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    if os.name != "posix":  # on Windows, signal 0 is not a question
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # a process of another user
        return True
    return True


def _age(path: Path) -> float:
    """Seconds since the file, or anything in the folder, was last changed."""
    entries = [path, *path.rglob("*")] if path.is_dir() else [path]
    return time.time() - max(entry.lstat().st_mtime for entry in entries)
