"""What a person sees of a run: progress bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cir_bench.records.record import RunRecord
from cir_bench.runs.cell import Cell
from cir_bench.runs.schedule import RunView
from cir_bench.runs.state import Kind, State

PLAIN_SECONDS = 10.0
"""Without a terminal, a line about an epoch or an extraction at most this often."""


def say(stream: TextIO, text: str) -> None:
    """One line, flushed, so that a log shows it at once."""
    print(text, file=stream, flush=True)


@contextmanager
def make_view(stream: TextIO) -> Iterator[RunView]:
    """Bars when ``stream`` is a terminal, else plain lines."""
    if not stream.isatty():
        yield PlainView(stream)
        return
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
    )
    with bars:
        yield BarView(bars)


def ended(cell: Cell, record: RunRecord) -> str:
    """One line about a cell that was run."""
    if record.failure is not None:
        hint = f"; {record.failure.hint}" if record.failure.hint else ""
        return f"did not run: {cell.key.name}: {record.failure.exception} ({record.failure.stage}){hint}"
    seconds = sum(phase.seconds for phase in record.cost.phases)
    partial = ", partial" if record.partial else ""
    if record.hidden:
        return f"{cell.key.name}: rankings kept, no metrics, since the targets are hidden ({seconds:.0f} s{partial})"
    return f"{cell.key.name}: {record.headline} {record.metrics[record.headline]:.2f} ({seconds:.0f} s{partial})"


def skipped(number: int, of: int, cell: Cell, state: State) -> str:
    """One line about a cell that is not run."""
    why = f": {state.why}" if state.why else ""
    return f"[{number}/{of}] {cell.key.name}: {state.kind.value}{why}"


class PlainView:
    """Lines for logs and files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = 0.0
        self._stage = ""

    def cell_started(self, number: int, of: int, cell: Cell, state: State) -> None:
        """Say which cell begins, and why it is run again."""
        why = f" ({state.kind.value}: {state.why})" if state.why else ""
        say(self._stream, f"[{number}/{of}] {cell.key.name}{why}")
        self._last = time.monotonic()
        self._stage = ""

    def cell_skipped(self, number: int, of: int, cell: Cell, state: State) -> None:
        """Say so."""
        say(self._stream, skipped(number, of, cell, state))

    def cell_ended(self, cell: Cell, record: RunRecord) -> None:
        """Say with what result."""
        say(self._stream, f"  {ended(cell, record)}")

    def features(self, what: str, done: int, total: int) -> None:
        """Say so now and then."""
        if self._due() or done == total:
            say(self._stream, f"  features, {what}: {done}/{total}")

    def epoch_started(self, stage: str, epoch: int, epochs: int, batches: int) -> None:
        """Remember how many epochs there are, and where and when this process began with them."""
        self._epochs = epochs
        if self._stage != stage:
            self._stage, self._first, self._began = stage, epoch, time.monotonic()

    def batch_done(self, images: int) -> None:
        """Too often to say."""

    def epoch_done(self, stage: str, epoch: int, loss: float, selection: float | None) -> None:
        """Say so now and then, with the time left in this stage."""
        if self._due() or epoch + 1 == self._epochs:
            taken = (time.monotonic() - self._began) / (epoch + 1 - self._first)
            left = taken * (self._epochs - epoch - 1)
            score = "" if selection is None else f", held out {selection:.2f}"
            say(self._stream, f"  {stage} {epoch + 1}/{self._epochs}: loss {loss:.4f}{score}, {left:.0f} s left")

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._last < PLAIN_SECONDS:
            return False
        self._last = now
        return True


class BarView:
    """Progress bars: cells, and what the current cell is doing."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._cells: TaskID | None = None
        self._work = bars.add_task("", total=None, visible=False, rate="")
        self._what = ""
        self._began, self._images = 0.0, 0
        self._epochs = self._batches = 0
        self._score = ""

    def cell_started(self, number: int, of: int, cell: Cell, state: State) -> None:
        """Move the bar of cells; show the cell's name."""
        self._count(number - 1, of)
        if state.kind is Kind.STALE:
            self._bars.console.print(f"[{number}/{of}] {cell.key.name}: stale: {state.why}", markup=False)
        self._what, self._score = cell.key.method, ""
        self._bars.reset(self._work, total=None, visible=True, description=cell.key.name, rate="")

    def cell_skipped(self, number: int, of: int, cell: Cell, state: State) -> None:
        """Leave a line above the bars."""
        self._count(number, of)
        self._bars.console.print(skipped(number, of, cell, state), markup=False)

    def cell_ended(self, cell: Cell, record: RunRecord) -> None:
        """Leave a line above the bars."""
        if self._cells is not None:
            self._bars.advance(self._cells)
        self._bars.update(self._work, visible=False)
        self._bars.console.print(ended(cell, record), markup=False)

    def features(self, what: str, done: int, total: int) -> None:
        """A bar over items."""
        if self._what != what:
            self._what = what
            self._bars.reset(self._work, total=total, visible=True, description=f"features, {what}", rate="")
        self._bars.update(self._work, completed=done)

    def epoch_started(self, stage: str, epoch: int, epochs: int, batches: int) -> None:
        """A bar over the batches of all epochs of the stage."""
        if self._what != stage or epoch == 0 or self._batches != batches:
            self._what, self._batches, self._epochs = stage, batches, epochs
            self._began, self._images = time.monotonic(), 0
            self._bars.reset(self._work, total=batches * epochs, completed=batches * epoch, visible=True)
        text = f"{stage} {epoch + 1}/{epochs}{self._score}"
        self._bars.update(self._work, description=text)

    def batch_done(self, images: int) -> None:
        """Advance; images per second beside the bar."""
        self._images += images
        rate = self._images / max(1e-9, time.monotonic() - self._began)
        self._bars.update(self._work, advance=1, rate=f"{rate:,.0f} images/s")

    def epoch_done(self, stage: str, epoch: int, loss: float, selection: float | None) -> None:
        """Show loss and held-out score with the next epoch."""
        self._score = f" loss {loss:.3f}" + ("" if selection is None else f" held out {selection:.1f}")

    def _count(self, done: int, of: int) -> None:
        if self._cells is None:
            self._cells = self._bars.add_task("cells", total=of, rate="")
        self._bars.update(self._cells, completed=done)
