"""Progress: bars on a terminal, otherwise a line on stderr now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column

from cir_bench.cli.output import bytes_as_text

if TYPE_CHECKING:
    from cir_bench.data.fetch import FetchProgress
    from cir_bench.interfaces.events import WorkProgress
    from cir_bench.interfaces.specs import RemoteFile

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 10.0
SECONDS_OF_SPEED = 600.0
"""The time left follows from the speed of this long; one batch of images may take a minute."""
_WHAT = TextColumn("{task.description}", markup=False)
"""Names are shown as they are: ``[training.epochs=2]`` would be markup."""


def with_progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Pass ``items`` on and show how many are done, and the time left."""
    with _progress() as show:
        show(what, 0, total)
        for done, item in enumerate(items, start=1):
            yield item
            show(what, done, total)


@contextmanager
def stage_progress(unit: str) -> Iterator[Callable[[str, int, int], None]]:
    """A function that shows how far a stage is, and the time left: ``show("embedding", 3, 10)``."""
    with _progress() as show:
        yield lambda stage, done, total: show(f"{stage} {unit}", done, total)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """``show("embedding images", 3, 10)``: a bar for each name, or lines. Hidden bars know the time left, too."""
    console = Console(stderr=True)
    lines = None if console.is_terminal else _Lines()
    columns = (_WHAT, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = lines is not None
    with Progress(
        *columns, console=console, transient=True, disable=hidden, speed_estimate_period=SECONDS_OF_SPEED
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, visible=done < total)
            if lines is not None and 0 < done < total:
                left = bars.tasks[tasks[what]].time_remaining
                lines.say(f"{what}: {done} of {total}" + ("" if left is None else f", {left:.0f} s left"))

        yield show


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
    columns = (_WHAT, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(file: RemoteFile, done: int) -> None:
            if file.path not in tasks:
                tasks[file.path] = bar.add_task(file.path, total=file.size)
            bar.update(tasks[file.path], completed=done, visible=done < file.size)

        yield show


@dataclass
class _Bar:
    """The bar of one cell."""

    task: TaskID
    shown: tuple[str, int] | None = None
    start: int = 0
    started: float = 0.0
    note: str = ""


class ProgressBars:
    """A bar of the finished cells, and one for the work on each running cell, until `close`.

    What is said of a cell is cut where the terminal is narrow; how far it is and the time left are not.
    """

    def __init__(self, stream: TextIO, cells: int) -> None:
        what = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
        rate = TextColumn("{task.fields[rate]}", justify="right")
        columns = (what, BarColumn(12), TaskProgressColumn(), rate, TimeRemainingColumn())
        self._bars = Progress(*columns, console=Console(file=stream), transient=True, expand=True)
        self._done, self._count = 0, cells
        self._cells = self._bars.add_task(f"0 of {cells} cells", total=cells, rate="")
        self._running: dict[str, _Bar] = {}
        self._bars.start()

    def start(self, cell: str) -> None:
        """A cell begins."""
        self.end(cell)
        self._running[cell] = _Bar(self._bars.add_task(cell, total=None, rate=""))

    def note(self, cell: str, text: str) -> None:
        """What is shown of a cell while it trains."""
        if cell in self._running:
            self._running[cell].note = text

    def work(self, name: str, event: WorkProgress) -> None:
        """Advance the bar of a cell's work; start it again for another activity."""
        if name not in self._running:  # features for several cells, before the first of them begins
            self.start(name)
        bar = self._running[name]
        if bar.shown != (event.activity, event.total) or event.done == 0:
            bar.shown = event.activity, event.total
            bar.start, bar.started = event.done, time.monotonic()
            self._bars.reset(bar.task, total=event.total, visible=True, rate="")
        rate = (event.done - bar.start) / max(1e-9, time.monotonic() - bar.started)
        training = event.activity == "training"
        doing = ", ".join(filter(None, (event.detail, bar.note))) if training else f"features, {event.detail}"
        speed = f"{rate:,.0f} images/s" if training else ""
        self._bars.update(bar.task, completed=event.done, description=f"{name}: {doing}", rate=speed)

    def finish(self, cell: str) -> None:
        """One more cell is done, or skipped."""
        self._done += 1
        self._bars.update(self._cells, completed=self._done, description=f"{self._done} of {self._count} cells")
        self.end(cell)

    def end(self, cell: str) -> None:
        """Remove the bar of a cell."""
        if bar := self._running.pop(cell, None):
            self._bars.remove_task(bar.task)

    def print(self, text: str) -> None:
        """Leave a line above the bars."""
        self._bars.console.print(text, markup=False, emoji=False)

    def close(self) -> None:
        """Remove the bars."""
        self._bars.stop()


class _Lines:
    """Lines on stderr, at most one every `SECONDS_BETWEEN_LINES`."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            print(text, file=sys.stderr, flush=True)
            self._last = now
