"""Progress on stderr: bars on a terminal, otherwise a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar

from cir_bench.cli.output import bytes_as_text
from cir_bench.data.fetch import FetchProgress
from cir_bench.interfaces.specs import RemoteFile

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 10.0


def with_progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Pass ``items`` on and show how many are done, and the time left."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _with_lines(items, total, what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        for item in items:
            yield item
            bar.advance(task)


def _with_lines(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    start, lines = time.monotonic(), _Lines()
    for done, item in enumerate(items, start=1):
        yield item
        if done < total:
            left = (time.monotonic() - start) / done * (total - done)
            lines.say(f"{what}: {done} of {total}, {left:.0f} s left")


@contextmanager
def download_progress() -> Iterator[FetchProgress]:
    """Show how much of each file has been downloaded."""
    console = Console(stderr=True)
    if not console.is_terminal:
        lines = _Lines()

        def say(file: RemoteFile, done: int) -> None:
            if done < file.size:
                lines.say(f"{file.path}: {bytes_as_text(done)} of {bytes_as_text(file.size)}")

        yield say
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(file: RemoteFile, done: int) -> None:
            if file.path not in tasks:
                tasks[file.path] = bar.add_task(file.path, total=file.size)
            bar.update(tasks[file.path], completed=done, visible=done < file.size)

        yield show


class _Lines:
    """Lines on stderr, at most one every `SECONDS_BETWEEN_LINES`."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            print(text, file=sys.stderr, flush=True)
            self._last = now
