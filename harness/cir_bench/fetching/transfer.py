"""One file over HTTP, continued where an earlier attempt stopped.

Why on top of the standard library: pooch (1.9) begins every download at byte 0, and huggingface_hub continues one by a
function that is none of its public interface and made for its own hub. Continuing is one ``Range`` header; whatever
servers and proxies make of it is caught by the sha256 that the caller holds the whole file against.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from cir_bench import __version__
from cir_bench.errors import DISK_FULL, DataError

BLOCK = 2**18
TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as cut."""
TRIES = 4
"""Connections in a row that may end without a single new byte."""
PAUSE = 1.0
"""Seconds before the second try; doubled for every further one."""
PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Answers of a server that is busy; another try may do."""


class _UnusableRange(HTTPException):
    """The server does not continue what is on disk."""


def transfer(url: str, part: Path, size: int) -> Iterator[int]:
    """Download ``url`` into ``part``, behind what is there already; yields how many bytes are there, again and again.

    Args:
        url: http or https.
        part: the unfinished file; it stays when the transfer is interrupted, for the next one.
        size: bytes of the whole file.

    Raises:
        DataError: the server cannot be reached, refuses, keeps cutting the connection, or has a file of another size;
            or ``part`` cannot be written.
    """
    done = part.stat().st_size if part.is_file() else 0
    done = done if done <= size else 0
    yield done
    fruitless = 0
    while done < size:
        before, reason = done, "the connection was cut"
        try:
            for there in _one_connection(url, part, done, size):
                done = there
                yield done
        except _UnusableRange:
            before = done = 0
            part.unlink(missing_ok=True)
        except HTTPError as error:
            if error.code not in PASSING:
                what = f"{url} answers {error.code} {error.reason}"
                raise DataError(f"{what}; get the file elsewhere and put it at {_whole(part)}.") from error
            reason = f"{error.code} {error.reason}"
        except URLError as error:
            how = "check the network (and the proxy settings), then run this again"
            raise DataError(f"{url} cannot be reached ({error.reason}); {how}.") from error
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
        fruitless = fruitless + 1 if done <= before else 0
        if done < size and fruitless >= TRIES:
            raise DataError(
                f"the download of {url} stopped at {done} of {size} bytes ({reason}); run this again, it goes on there."
            )
        if done < size:
            time.sleep(PAUSE * 2**fruitless)


def _one_connection(url: str, part: Path, done: int, size: int) -> Iterator[int]:
    headers = {"User-Agent": f"cir-bench/{__version__}", "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    request = Request(url, headers=headers)  # noqa: S310 (a spec's URL is http or https: see plugin.checks)
    with _opened(request) as response:
        start = _start(response, done)
        length = response.headers.get("Content-Length")
        if length is not None and start + int(length) != size:
            what = f"{url} has {start + int(length)} bytes, {size} expected"
            raise DataError(f"{what}: it is not the file that was pinned. Nothing was put in place.")
        with _open(part, start) as file:
            place = start
            while place <= size and (block := response.read1(BLOCK)):
                _write(file, part, block)
                place += len(block)
                yield min(place, size)
    if place > size:
        raise DataError(f"{url} sends more than the {size} bytes expected: it is not the file that was pinned.")


def _opened(request: Request) -> HTTPResponse:
    try:
        return cast(HTTPResponse, urlopen(request, timeout=TIMEOUT))  # noqa: S310
    except HTTPError as error:
        if error.code == 416:  # more is on disk than the server's file has
            raise _UnusableRange from error
        raise


def _start(response: HTTPResponse, done: int) -> int:
    """Where the body begins: at ``done`` when the server continues, at 0 when it sends the whole file again."""
    if response.status != 206:
        return 0
    if not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
        raise _UnusableRange
    return done


def _open(part: Path, start: int) -> BinaryIO:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("r+b" if start else "wb", buffering=0)
        file.seek(start)
    except OSError as error:
        raise _unwritable(part, error) from error
    return cast(BinaryIO, file)


def _write(file: BinaryIO, part: Path, block: bytes) -> None:
    try:
        view = memoryview(block)
        while view:
            view = view[file.write(view) :]
    except OSError as error:
        raise _unwritable(part, error) from error


def _unwritable(part: Path, error: OSError) -> DataError:
    full = error.errno in DISK_FULL
    remedy = "free some space and run this again, it continues there" if full else "correct the folder's permissions"
    return DataError(f"{part} cannot be written: {os.strerror(error.errno or 0)}; {remedy}.")


def _whole(part: Path) -> Path:
    return part.with_name(part.name.removesuffix(".part"))
