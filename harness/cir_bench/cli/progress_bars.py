"""`ProgressBars`: two progress bars on a terminal, one of cells and one of the work on the current cell."""

from __future__ import annotations

import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cir_bench import WorkProgress


class ProgressBars:
    """Shown until :meth:`close`; ``note`` is shown with the progress of training."""

    def __init__(self, stream: TextIO, cells: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
        )
        self._bars = Progress(*columns, TimeRemainingColumn(), console=Console(file=stream), transient=True)
        self._cells = self._bars.add_task("cells", total=cells, rate="")
        self._work = self._bars.add_task("", total=None, visible=False, rate="")
        self._shown: tuple[str, int] | None = None
        self._start, self._started = 0, 0.0
        self.note = ""
        self._bars.start()

    def start(self, cell: str) -> None:
        """A cell begins."""
        self._shown, self.note = None, ""
        self._bars.reset(self._work, total=None, visible=True, description=cell, rate="")

    def work(self, event: WorkProgress) -> None:
        """Advance the bar of work; start it again for another activity."""
        if self._shown != (event.activity, event.total) or event.done == 0:
            self._shown = event.activity, event.total
            self._start, self._started = event.done, time.monotonic()
            self._bars.reset(self._work, total=event.total, visible=True, rate="")
        rate = (event.done - self._start) / max(1e-9, time.monotonic() - self._started)
        training = event.activity == "training"
        self._bars.update(
            self._work,
            completed=event.done,
            description=f"{event.detail} {self.note}" if training else f"features, {event.detail}",
            rate=f"{rate:,.0f} images/s" if training else "",
        )

    def finish(self, cells: int) -> None:
        """So many cells are done."""
        self._bars.update(self._cells, completed=cells)
        self._bars.update(self._work, visible=False)

    def print(self, text: str) -> None:
        """Leave a line above the bars."""
        self._bars.console.print(text, markup=False)

    def close(self) -> None:
        """Remove the bars."""
        self._bars.stop()
