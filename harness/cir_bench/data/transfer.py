"""One file over HTTP, continued where an earlier attempt stopped.

Why httpx2 and its stream: fsspec's HTTP file system requests one block after the other, loses the beginning of a block
that was cut, accepts any range instead of the one it asked for, and fails in the second block if a server has no
ranges. pooch (1.9) starts every download at byte 0, and huggingface_hub continues one with a private function.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cir_bench.errors import DISK_FULL, DataError
from cir_bench.version import __version__

if TYPE_CHECKING:
    import httpx2

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as cut."""
TRIES = 4
"""Connections in a row that may end without a single new byte."""
PAUSE = 1.0
"""Seconds before the second try; doubled for every further one."""
PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Answers of a server that is busy; another try may do."""


class _UnusableRangeError(Exception):
    """The server does not continue what is on disk."""


def transfer(url: str, part: Path, size: int) -> Iterator[int]:
    """Download ``url``, of ``size`` bytes, appending to ``part``; yields the number of bytes on disk, again and again.

    ``part`` stays if the transfer is interrupted, for the next one. Proxies are taken from the environment. `DataError`
    if the server cannot be reached, refuses, keeps cutting the connection, or has a file of another size, or if
    ``part`` cannot be written.
    """
    done = part.stat().st_size if part.is_file() else 0
    done = done if done <= size else 0
    yield done
    if done < size:
        with _client(url) as client:
            yield from _connections(client, url, part, done, size)


def _client(url: str) -> httpx2.Client:
    import httpx2  # a tenth of a second, and most verbs fetch nothing

    headers = {"User-Agent": f"cir-bench/{__version__}", "Accept-Encoding": "identity"}
    try:
        return httpx2.Client(headers=headers, timeout=TIMEOUT, follow_redirects=True)
    except (ImportError, ValueError, OSError, httpx2.InvalidURL) as error:  # proxies or certificates of the environment
        raise _unreachable(url, error) from error


def _connections(client: httpx2.Client, url: str, part: Path, done: int, size: int) -> Iterator[int]:
    """One after the other, until the file is complete."""
    import httpx2

    fruitless = 0
    while done < size:
        before, reason = done, "the connection was cut"
        try:
            for there in _one_connection(client, url, part, done, size):
                done = there
                yield done
        except _UnusableRangeError:
            before = done = 0
            part.unlink(missing_ok=True)
        except httpx2.HTTPStatusError as error:
            reason = f"{error.response.status_code} {error.response.reason_phrase}"
            if error.response.status_code not in PASSING:
                what = f"{url} answers {reason}"
                raise DataError(f"{what}; get the file elsewhere and put it at {part.with_suffix('')}.") from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            raise _unreachable(url, error) from error
        except (httpx2.TooManyRedirects, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise _unreachable(url, error) from error
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
        fruitless = fruitless + 1 if done <= before else 0
        if done < size and fruitless >= TRIES:
            raise DataError(
                f"the download of {url} stopped at {done} of {size} bytes ({reason}); run this again to continue."
            )
        if done < size:
            time.sleep(PAUSE * 2**fruitless)


def _one_connection(client: httpx2.Client, url: str, part: Path, done: int, size: int) -> Iterator[int]:
    with client.stream("GET", url, headers={"Range": f"bytes={done}-"} if done else None) as response:
        place = _start(response, done)
        length = response.headers.get("Content-Length")
        if length is not None and place + int(length) != size:
            what = f"{url} has {place + int(length)} bytes, {size} expected"
            raise DataError(f"{what}: it is not the file that was pinned. Nothing was put in place.")
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("r+b" if place else "wb") as file:
                file.seek(place)
                for block in response.iter_raw():  # as it comes from the network
                    file.write(block)
                    file.flush()
                    place += len(block)
                    yield min(place, size)
                    if place > size:
                        raise DataError(
                            f"{url} sends more than the {size} bytes expected: it is not the file that was pinned."
                        )
        except OSError as error:
            full = error.errno in DISK_FULL
            remedy = "free some space and run this again to continue" if full else "correct the folder's permissions"
            raise DataError(f"{part} cannot be written: {os.strerror(error.errno or 0)}; {remedy}.") from error


def _start(response: httpx2.Response, done: int) -> int:
    """Where the body begins: at ``done`` if the server continues, at 0 if it sends the whole file again."""
    if done and response.status_code == 416:  # more is on disk than the server's file has
        raise _UnusableRangeError
    response.raise_for_status()
    if response.status_code != 206:
        return 0
    if not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
        raise _UnusableRangeError
    return done


def _unreachable(url: str, error: Exception) -> DataError:
    return DataError(
        f"{url} cannot be reached ({error}); check the network (and the proxy settings), then run this again."
    )
