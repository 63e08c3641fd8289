"""The progress of a run: bars on a terminal, plain lines elsewhere. It is a plugin that listens, like any other."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, TextIO

from cir_bench import CellFinished, CellKey, CellStarted, EpochFinished, RunStarted, WorkProgress, hookimpl
from cir_bench.cli.cell_names import short_names

if TYPE_CHECKING:
    from cir_bench.cli.progress import ProgressBars

PLAIN_SECONDS = 10.0
"""Without a terminal, a line about an epoch or an extraction at most this often."""


def say(stream: TextIO, text: str) -> None:
    """Print one line and flush it, so that a log shows it at once."""
    print(text, file=stream, flush=True)


@dataclass
class _Shown:
    """What has been shown of a running cell."""

    last: float = 0.0
    stage: str = ""
    seconds: list[float] = field(default_factory=list)

    def due(self) -> bool:
        """Whether the next line about an epoch or an extraction may come."""
        now = time.monotonic()
        if now - self.last < PLAIN_SECONDS:
            return False
        self.last = now
        return True


class RunView:
    """Shows runs on whatever standard output is when they begin; lines of cells that run together have their names."""

    def __init__(self) -> None:
        self._stream = sys.stdout
        self._bars: ProgressBars | None = None
        self._short = short_names(())
        self._shown: defaultdict[str, _Shown] = defaultdict(_Shown)

    @hookimpl
    def cir_bench_run_started(self, event: RunStarted) -> None:
        """Choose bars or lines."""
        self._stream, self._bars = sys.stdout, None
        self._shown.clear()
        if sys.stdout.isatty():
            from cir_bench.cli.progress import ProgressBars

            self._bars, self._short = ProgressBars(sys.stdout, len(event.cells)), short_names(event.cells)

    @hookimpl
    def cir_bench_cell_started(self, event: CellStarted) -> None:
        """Say which cell begins, and why it is run again."""
        self._shown[event.cell.name] = _Shown(last=time.monotonic())
        if self._bars is not None:
            self._bars.start(self._short(event.cell))
        if self._bars is None or event.reason:
            reason = f" ({event.status}: {event.reason})" if event.reason else ""
            self._say(f"[{event.number}/{event.of}] {event.cell.name}{reason}")

    @hookimpl
    def cir_bench_progress(self, event: WorkProgress) -> None:
        """Move the bar; without bars, report an extraction now and then."""
        if self._bars is not None:
            self._bars.work(self._short(event.cell), event)
        elif event.activity == "extracting features" and (
            self._shown[event.cell.name].due() or event.done == event.total
        ):
            self._say(f"  {self._which(event.cell)}features, {event.detail}: {event.done}/{event.total}")

    @hookimpl
    def cir_bench_epoch_finished(self, event: EpochFinished) -> None:
        """Report loss and held-out score; without bars now and then, with the time left in this stage."""
        shown = self._shown[event.cell.name]
        if shown.stage != event.stage:
            shown.stage, shown.seconds = event.stage, []
        shown.seconds.append(event.seconds)
        loss = f"loss {sum(event.terms.values()):.4f}"
        score = "" if event.selection is None else f"held out {event.selection:.2f}"
        if self._bars is not None:  # the score first: a narrow terminal cuts the end
            self._bars.note(self._short(event.cell), ", ".join(filter(None, (score, loss))))
        elif shown.due() or event.epoch == event.epochs:
            left = fmean(shown.seconds) * (event.epochs - event.epoch)
            which = self._which(event.cell)
            result = ", ".join(filter(None, (loss, score, f"{left:.0f} s left")))
            self._say(f"  {which}{event.stage} {event.epoch}/{event.epochs}: {result}")

    @hookimpl
    def cir_bench_cell_finished(self, event: CellFinished) -> None:
        """Say what became of the cell."""
        self._shown.pop(event.cell.name, None)
        if self._bars is not None:
            self._bars.finish(self._short(event.cell))
        if event.outcome in {"done", "failed"}:
            self._say(f"  {_result(event)}")
        elif event.outcome != "interrupted":
            reason = f": {event.reason}" if event.reason else ""
            self._say(f"[{event.number}/{event.of}] {event.cell.name}: {event.outcome}{reason}")

    @hookimpl
    def cir_bench_run_finished(self) -> None:
        """Give the terminal back."""
        if self._bars is not None:
            self._bars.close()

    def _which(self, cell: CellKey) -> str:
        """The name of a cell that is not the only one that runs."""
        return f"{cell.name}: " if set(self._shown) - {cell.name} else ""

    def _say(self, text: str) -> None:
        if self._bars is not None:
            self._bars.print(text)
        else:
            say(self._stream, text)


def _result(event: CellFinished) -> str:
    name, took = event.cell.name, f"({event.seconds:.0f} s{', partial' if event.partial else ''})"
    if event.outcome == "failed":
        return f"did not run: {name}: {event.reason}"
    if not event.headline:
        return f"{name}: rankings kept, no metrics, since the targets are hidden {took}"
    return f"{name}: {event.headline} {event.metrics[event.headline]:.2f} {took}"


plugin = RunView()
"""What the entry point ``terminal`` names."""
