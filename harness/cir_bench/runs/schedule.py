"""All cells of a request, one after the other: skip what is done, go on past failures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from cir_bench.errors import ConfigError
from cir_bench.plugin.registry import Registry
from cir_bench.records.record import RunRecord
from cir_bench.runs.cell import Cell
from cir_bench.runs.execute import CellRun
from cir_bench.runs.state import Kind, State, state_of
from cir_bench.runs.workbench import Workbench
from cir_bench.training.progress import TrainProgress


class RunView(TrainProgress, Protocol):
    """Watches a run."""

    def cell_started(self, number: int, of: int, cell: Cell, state: State) -> None:
        """A cell (counted from 1) begins."""

    def cell_skipped(self, number: int, of: int, cell: Cell, state: State) -> None:
        """A cell is not run, for the reason in ``state``."""

    def cell_ended(self, cell: Cell, record: RunRecord) -> None:
        """A cell was run; its record says with what result."""

    def features(self, what: str, done: int, total: int) -> None:
        """Features are being extracted."""


@dataclass
class Summary:
    """What became of the cells."""

    done: list[RunRecord] = field(default_factory=list)
    skipped: list[tuple[Cell, State]] = field(default_factory=list)
    failed: list[tuple[Cell, str]] = field(default_factory=list)
    elsewhere: list[Cell] = field(default_factory=list)
    """Cells that another process is running."""
    records: list[RunRecord] = field(default_factory=list)
    """Of every cell, in order: run now, done before, failed now or before; none of those in ``elsewhere``."""


def run_cells(
    cells: Sequence[Cell],
    registry: Registry,
    bench: Workbench,
    out: Path,
    view: RunView,
    *,
    retry_failed: bool = False,
    fail_fast: bool = False,
) -> Summary:
    """Run every cell that is not done. A failure is recorded and the rest goes on, unless ``fail_fast``."""
    summary = Summary()
    bench.progress = view.features
    for number, cell in enumerate(cells, 1):
        folder = cell.folder(out)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"--out {out}: {folder} cannot be made ({error.strerror}); choose a folder that can be written."
            ) from error
        try:
            lock = FileLock(folder / "lock").acquire(timeout=0)
        except Timeout:
            view.cell_skipped(number, len(cells), cell, State(Kind.TO_DO, "another process is running it"))
            summary.elsewhere.append(cell)
            continue
        except (OSError, NotImplementedError) as error:
            raise ConfigError(
                f"--out {out}: {folder} cannot be locked ({error}); choose a folder whose file system has file locks."
            ) from error
        with lock:
            _one(cell, number, len(cells), registry, bench, out, view, summary, retry_failed=retry_failed)
        if fail_fast and summary.failed:
            break
    return summary


def _one(
    cell: Cell,
    number: int,
    of: int,
    registry: Registry,
    bench: Workbench,
    out: Path,
    view: RunView,
    summary: Summary,
    *,
    retry_failed: bool,
) -> None:
    state = state_of(cell, out, bench)
    if state.record is not None and (state.kind is Kind.DONE or (state.kind is Kind.FAILED and not retry_failed)):
        summary.records.append(state.record)
    if state.kind is Kind.DONE:
        summary.skipped.append((cell, state))
        view.cell_skipped(number, of, cell, state)
        return
    if state.kind is Kind.FAILED and not retry_failed:
        summary.failed.append((cell, f"failed before (--retry-failed runs it again): {state.why}"))
        view.cell_skipped(number, of, cell, state)
        return
    view.cell_started(number, of, cell, state)
    run = CellRun(cell, bench, registry, out, view)
    try:
        record = run.run()
    except (Exception, SystemExit) as error:  # a plugin must not end the whole run
        if os.environ.get("CIR_BENCH_DEBUG", "") not in {"", "0"}:
            raise
        record = run.failed(error)
        summary.failed.append((cell, record.failure.exception if record.failure else str(error)))
    else:
        summary.done.append(record)
    summary.records.append(record)
    view.cell_ended(cell, record)
