"""`BarView`: progress bars for a terminal."""

from __future__ import annotations

import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cir_bench import CellFinished, CellStarted, EpochFinished, WorkProgress
from cir_bench.cli.run_view import cell_line


class BarView:
    """Two bars: the cells, and the work on the current one."""

    def __init__(self, stream: TextIO, cells: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._cells = self._bars.add_task("cells", total=cells, rate="")
        self._work = self._bars.add_task("", total=None, visible=False, rate="")
        self._shown: tuple[str, int] | None = None
        self._start, self._started = 0, 0.0
        self._score = ""
        self._bars.start()

    def cell_started(self, event: CellStarted) -> None:
        """Show the cell's name; leave a line above the bars when it is stale."""
        if event.status == "stale":
            self._print(f"[{event.number}/{event.of}] {event.cell.name}: stale: {event.reason}")
        self._shown, self._score = None, ""
        self._bars.reset(self._work, total=None, visible=True, description=event.cell.name, rate="")

    def progress(self, event: WorkProgress) -> None:
        """Advance the bar; a new one for another activity."""
        if self._shown != (event.activity, event.total) or event.done == 0:
            self._shown = event.activity, event.total
            self._start, self._started = event.done, time.monotonic()
            self._bars.reset(self._work, total=event.total, visible=True, rate="")
        training = event.activity == "training"
        description = f"{event.detail}{self._score}" if training else f"features, {event.detail}"
        rate = (event.done - self._start) / max(1e-9, time.monotonic() - self._started)
        self._bars.update(
            self._work,
            completed=event.done,
            description=description,
            rate=f"{rate:,.0f} images/s" if training else "",
        )

    def epoch_finished(self, event: EpochFinished) -> None:
        """Show loss and held-out score with the next epoch."""
        score = "" if event.selection is None else f" held out {event.selection:.1f}"
        self._score = f" loss {sum(event.terms.values()):.3f}{score}"

    def cell_finished(self, event: CellFinished) -> None:
        """Leave a line above the bars."""
        if event.outcome == "interrupted":
            return
        self._bars.update(self._cells, completed=event.number)
        self._bars.update(self._work, visible=False)
        ran = event.outcome in {"done", "failed"}
        self._print(cell_line(event) if ran else f"[{event.number}/{event.of}] {cell_line(event)}")

    def close(self) -> None:
        """Remove the bars."""
        self._bars.stop()

    def _print(self, text: str) -> None:
        self._bars.console.print(text, markup=False)
