"""Are all images of a data set there, and can each be decoded? With a progress bar, or plain lines."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cir_bench.errors import CirBenchError, DataError
from cir_bench.interfaces.dataset import Dataset

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True)
class ImageCheck:
    """What was found.

    Attributes:
        n_images: how many images were asked for.
        missing: ids of those that are not there, or of which nobody can tell, as where a list of images is broken.
        unreadable: the reason for each one that is there and cannot be decoded.
    """

    n_images: int
    missing: tuple[str, ...] = ()
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every image is there and can be decoded."""
        return not self.missing and not self.unreadable


def check_images(dataset: Dataset, images: Sequence[str]) -> ImageCheck:
    """Look for every image and decode those that are there, on several threads."""

    def there(image: str) -> bool:
        try:
            return dataset.has(image)
        except DataError:
            return False

    missing = tuple(image for image in images if not there(image))
    gone = frozenset(missing)
    found = [image for image in images if image not in gone]

    def fault(image: str) -> str | None:
        try:
            dataset.open(image).close()
        except CirBenchError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        try:
            reasons = list(with_progress(threads.map(fault, found), len(found), "decoding images"))
        except BaseException:  # Ctrl-C too: do not go on with what is queued
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    unreadable = {image: reason for image, reason in zip(found, reasons, strict=True) if reason is not None}
    return ImageCheck(len(images), missing, unreadable)


def with_progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Pass ``items`` on; on stderr a bar with the time left, or a line now and then when that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _with_lines(items, total, what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        for item in items:
            yield item
            progress.advance(task)


def _with_lines(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES and done < total:
            left = (now - start) / done * (total - done)
            print(f"{what}: {done} of {total}, {left:.0f} s left", file=sys.stderr, flush=True)
            last = now
