"""`TrackerListener`: passes the events of a run on to a tracker, in the form of `cir_bench.interfaces.tracker`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from cir_bench.config import dotted
from cir_bench.errors import CirBenchError
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.events import CellFinished, CellStarted, EpochFinished
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.interfaces.tracker import TrackedCell, TrackedOutcome, Tracker, TrackerContext
from cir_bench.plugin.hookspecs import hookimpl
from cir_bench.plugin.registry import Registry, create
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.runs.cell import Cell
from cir_bench.runs.pictures import example_queries
from cir_bench.runs.workbench import Workbench

EXAMPLES = "example queries"


class TrackerListener:
    """One tracker. When it raises, the `Announcer` blames it, and it hears nothing more of the run.

    Args:
        tracker: the plugin's object.
        cells: those of the run.
        bench: what they share; for the pictures, and the memory of this process.
        here: whether the cells are computed in this process, whose memory is theirs.
    """

    def __init__(self, tracker: Tracker, cells: Sequence[Cell], bench: Workbench, *, here: bool) -> None:
        self._tracker, self._bench, self._here = tracker, bench, here
        self._cells = {cell.key: cell for cell in cells}
        self._open: dict[CellKey, TrackedCell] = {}

    @hookimpl
    def cir_bench_cell_started(self, event: CellStarted) -> None:
        """The tracker's run begins, or continues."""
        self._start(event.cell, resumed=event.status == "interrupted")

    @hookimpl
    def cir_bench_epoch_finished(self, event: EpochFinished) -> None:
        """Log loss terms, their shares of the gradient, the held-out score, speed and memory."""
        values = {"loss": sum(event.terms.values())}
        values |= {f"loss/{name}": value for name, value in event.terms.items()}
        values |= {f"gradient_share/{name}": value for name, value in event.shares.items()}
        values |= {"images_per_second": event.images_per_second, "epoch_seconds": event.seconds}
        if event.selection is not None:
            values["held_out"] = event.selection
        if self._here:
            values["memory_mib"] = self._bench.peak_mib
        step = _epochs_before(self._cells[event.cell], event.stage) + event.epoch
        self._tracker.log(self._open[event.cell], _finite(values), step)

    @hookimpl
    def cir_bench_cell_finished(self, event: CellFinished) -> None:
        """Log final metrics, costs and a picture, and end the tracker's run; skipped cells are none of its business."""
        if event.cell not in self._open:
            if event.outcome != "failed":
                return
            self._start(event.cell, resumed=True)  # its process died; another one announces it
        cell = self._open.pop(event.cell)
        summary: Mapping[str, float] = {}
        if event.outcome == "done":
            record = read_record(event.folder / RECORD_FILE)
            summary = _finite(_summary(record))
            self._show(cell, record, event.folder)
        self._tracker.end(cell, cast(TrackedOutcome, event.outcome), event.reason, summary)

    def close(self) -> None:
        """The run is over."""
        self._tracker.close()

    def _start(self, key: CellKey, *, resumed: bool) -> None:
        cell = self._cells[key]
        settings = {name: str(value) for name, value in dotted(cell.config()).items()}
        path = cell.folder(Path()).relative_to("cells").as_posix()
        self._open[key] = TrackedCell(key, path, settings, resumed)
        self._tracker.start(self._open[key])

    def _show(self, cell: TrackedCell, record: RunRecord, folder: Path) -> None:
        """A picture of some queries; there is none if the images are not at hand, as for an encoder of captions."""
        try:
            picture = example_queries(self._cells[cell.key], record, folder, self._bench)
        except (CirBenchError, OSError):
            return
        self._tracker.picture(cell, EXAMPLES, picture)


def open_trackers(
    names: Sequence[str], registry: Registry, cells: Sequence[Cell], bench: Workbench, out: Path, *, here: bool
) -> list[TrackerListener]:
    """Construct the trackers ``NAME`` or ``NAME:TARGET``, and have them listen to the plugins' events.

    `ConfigError` for a name that does not exist, `PluginError` for one that cannot be constructed, such as one whose
    library is not installed; nothing has run then.
    """
    listeners = []
    for text in dict.fromkeys(names):
        name, target = split_argument(text)
        registered = registry.tracker(name)
        params = make_params(registered.spec, {}, target)
        tracker: Tracker = create(registered, params, TrackerContext(out.absolute()))
        listeners.append(TrackerListener(tracker, cells, bench, here=here))
        registry.hooks.register(listeners[-1], f"{registered.owner} (tracker {text})")
    return listeners


def close_trackers(listeners: Sequence[TrackerListener], registry: Registry) -> None:
    """End what the trackers keep open, also of those that failed; a tracker that cannot be closed is only warned of."""
    for listener in listeners:
        name = registry.hooks.get_name(listener)
        registry.hooks.unregister(listener)
        try:
            listener.close()
        except Exception as error:  # its plugin's; the run is done
            warnings.warn(f"{name} cannot be closed: {type(error).__name__}: {error}", stacklevel=2)


def _epochs_before(cell: Cell, stage: str) -> int:
    """Epochs of the stages before this one, as they are set."""
    settings: dict[str, Any] = dict(cell.stage_settings())
    if stage not in settings:
        return 0
    before = list(settings)[: list(settings).index(stage)]
    return sum(settings[name].epochs for name in before)


def _summary(record: RunRecord) -> dict[str, float]:
    cost = record.cost
    return {
        **record.metrics,
        "train_seconds": cost.train_seconds,
        "seconds": sum(phase.seconds for phase in cost.phases),
        "query_milliseconds": cost.query_milliseconds,
        "peak_memory_mib": cost.peak_memory_mib,
        "parameters": float(record.method.parameters if record.method else 0),
    }


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    """A median rank may be infinite, a loss NaN; trackers refuse them, or draw them as 0."""
    return {name: value for name, value in values.items() if math.isfinite(value)}
