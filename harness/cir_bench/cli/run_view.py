"""The progress of a run on the terminal: bars, or plain lines in a log. It is a plugin that listens, like any other."""

from __future__ import annotations

import sys
import time
from statistics import fmean
from typing import Protocol, TextIO

from cir_bench import CellFinished, CellStarted, EpochFinished, RunStarted, WorkProgress, hookimpl

PLAIN_SECONDS = 10.0
"""Without a terminal, a line about an epoch or an extraction at most this often."""


def say(stream: TextIO, text: str) -> None:
    """Print one line and flush it, so that a log shows it at once."""
    print(text, file=stream, flush=True)


def cell_line(event: CellFinished) -> str:
    """One line about a finished cell, after its number; empty for an interrupted one."""
    name, partial = event.cell.name, ", partial" if event.partial else ""
    if event.outcome == "failed":
        return f"did not run: {name}: {event.reason}"
    if event.outcome != "done":
        return f"{name}: {event.outcome}{f': {event.reason}' if event.reason else ''}"
    if not event.headline:
        return f"{name}: rankings kept, no metrics, since the targets are hidden ({event.seconds:.0f} s{partial})"
    return f"{name}: {event.headline} {event.metrics[event.headline]:.2f} ({event.seconds:.0f} s{partial})"


class View(Protocol):
    """Shows what it hears."""

    def cell_started(self, event: CellStarted) -> None:
        """A cell begins."""

    def progress(self, event: WorkProgress) -> None:
        """A batch is done."""

    def epoch_finished(self, event: EpochFinished) -> None:
        """An epoch is done."""

    def cell_finished(self, event: CellFinished) -> None:
        """A cell is done or skipped."""

    def close(self) -> None:
        """The run is over."""


class RunView:
    """The listener. What it shows depends on where standard output goes when a run begins."""

    def __init__(self) -> None:
        self._view: View = PlainView(sys.stdout)

    @hookimpl
    def cir_bench_run_started(self, event: RunStarted) -> None:
        """Choose bars or lines."""
        if sys.stdout.isatty():
            from cir_bench.cli.run_bars import BarView

            self._view = BarView(sys.stdout, len(event.cells))
        else:
            self._view = PlainView(sys.stdout)

    @hookimpl
    def cir_bench_cell_started(self, event: CellStarted) -> None:
        """Show it."""
        self._view.cell_started(event)

    @hookimpl
    def cir_bench_progress(self, event: WorkProgress) -> None:
        """Show it."""
        self._view.progress(event)

    @hookimpl
    def cir_bench_epoch_finished(self, event: EpochFinished) -> None:
        """Show it."""
        self._view.epoch_finished(event)

    @hookimpl
    def cir_bench_cell_finished(self, event: CellFinished) -> None:
        """Show it."""
        self._view.cell_finished(event)

    @hookimpl
    def cir_bench_run_finished(self) -> None:
        """Give the terminal back."""
        self._view.close()


class PlainView:
    """Lines for logs and files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = 0.0
        self._stage = ""
        self._seconds: list[float] = []

    def cell_started(self, event: CellStarted) -> None:
        """Print which cell begins, and why it is run again."""
        reason = f" ({event.status}: {event.reason})" if event.reason else ""
        say(self._stream, f"[{event.number}/{event.of}] {event.cell.name}{reason}")
        self._last = time.monotonic()
        self._stage = ""

    def progress(self, event: WorkProgress) -> None:
        """Print now and then how far an extraction is."""
        if event.activity == "extracting features" and (self._due() or event.done == event.total):
            say(self._stream, f"  features, {event.detail}: {event.done}/{event.total}")

    def epoch_finished(self, event: EpochFinished) -> None:
        """Print the loss now and then, with the time left in this stage."""
        if self._stage != event.stage:
            self._stage, self._seconds = event.stage, []
        self._seconds.append(event.seconds)
        if self._due() or event.epoch == event.epochs:
            left = fmean(self._seconds) * (event.epochs - event.epoch)
            score = "" if event.selection is None else f", held out {event.selection:.2f}"
            loss = sum(event.terms.values())
            say(
                self._stream,
                f"  {event.stage} {event.epoch}/{event.epochs}: loss {loss:.4f}{score}, {left:.0f} s left",
            )

    def cell_finished(self, event: CellFinished) -> None:
        """Print the result."""
        if event.outcome in {"done", "failed"}:
            say(self._stream, f"  {cell_line(event)}")
        elif event.outcome != "interrupted":
            say(self._stream, f"[{event.number}/{event.of}] {cell_line(event)}")

    def close(self) -> None:
        """There is nothing to give back."""

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._last < PLAIN_SECONDS:
            return False
        self._last = now
        return True


plugin = RunView()
"""What the entry point ``terminal`` names."""
