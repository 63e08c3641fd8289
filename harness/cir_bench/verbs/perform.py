"""`RunCall`: one whole run, from what it starts with to its finished cells and the leaderboard next to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cir_bench.errors import DEBUG, CirBenchError, ConfigError, DataError
from cir_bench.interfaces.events import CellFinished
from cir_bench.verbs.choice import RunChoice, RunSetup
from cir_bench.verbs.engine import EngineChoice, RunFlags, run_engine
from cir_bench.verbs.records import stored_records
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.plugin.registry import Registry
    from cir_bench.ranks.group import Ranks
    from cir_bench.records.record import RunRecord
    from cir_bench.runs.lifeline import Lifeline


@dataclass(frozen=True)
class RunCall:
    """Everything that a run is asked for."""

    choice: RunChoice
    settings: Settings
    engine: EngineChoice = field(default_factory=EngineChoice)
    flags: RunFlags = field(default_factory=RunFlags)
    trackers: tuple[str, ...] = ()
    """``NAME`` or ``NAME:TARGET`` of each."""

    def open(self, registry: Registry, ranks: Ranks) -> RunSetup:
        """What the run starts from; a mistake that only one rank notices stops all of them.

        With an executor, this process only compares records, for which it needs no GPU.
        """
        from cir_bench.runs.workbench import default_workers

        if self.engine.used and ranks.size > 1:
            raise ConfigError(
                "torchrun and --on (or --max-cells) both share out the work; with --on, use --gpus-per-cell."
            )
        workers = default_workers(ranks.size) if self.flags.workers is None else self.flags.workers
        device = "cpu" if self.engine.used else None
        try:
            found = self.choice.resolve(registry)
            bench = found.workbench(self.settings, workers, ranks=ranks if ranks.size > 1 else None, device=device)
        except CirBenchError as error:
            ranks.fail(error)
            raise
        ranks.wait()
        return found.setup(bench)

    def compute(self, setup: RunSetup, lifeline: Lifeline | None = None) -> Sequence[CellFinished]:
        """Run every cell that is not done, here or on an executor, followed by the trackers; what became of each."""
        from cir_bench.runs.tracking import close_trackers, open_trackers

        names = self.trackers if setup.bench.ranks.first else ()
        here = not self.engine.used
        following = open_trackers(names, setup.registry, setup.cells, setup.bench, setup.out, here=here)
        try:
            return self._compute(setup, lifeline)
        finally:
            close_trackers(following, setup.registry)

    def _compute(self, setup: RunSetup, lifeline: Lifeline | None) -> Sequence[CellFinished]:
        from cir_bench.runs.schedule import run_cells

        if self.engine.used:
            return run_engine(self.engine, setup, self.settings, self.flags, self.choice.config)
        return run_cells(
            setup.cells,
            setup.bench,
            setup.registry,
            setup.out,
            retry_failed=self.flags.retry_failed,
            fail_fast=self.flags.fail_fast,
            lifeline=_limited(lifeline, self.flags.limit),
        )


def _limited(lifeline: Lifeline | None, seconds: float | None) -> Lifeline | None:
    """The lifeline, by which the watching process has been told how long a cell may take."""
    if seconds is not None:
        if lifeline is None:
            raise ConfigError(
                f"--cell-timeout works neither with {DEBUG} nor with torchrun nor from Python nor on systems without "
                "POSIX, unless --max-cells gives each cell a process of its own; omit it."
            )
        lifeline.limit(seconds)
    return lifeline


def write_leaderboard(setup: RunSetup) -> tuple[Path | None, list[str]]:
    """Write the leaderboard of all records in a run's folder into it; its path, and a sentence for each problem."""
    from cir_bench.leaderboards import LEADERBOARD_FILE, build, render, write_text

    stored, problems = stored_records([setup.out], setup.registry, required=False)
    if not stored:
        return None, problems
    return write_text(render(build(stored)), setup.out / LEADERBOARD_FILE), problems


def records_of(finished: Sequence[CellFinished]) -> list[tuple[CellFinished, RunRecord]]:
    """The records of cells, without those that could not be written or cannot be read (the leaderboard says which)."""
    from cir_bench.records.record import RECORD_FILE, read_record

    found = []
    for event in finished:
        if event.outcome != "running elsewhere":
            try:
                found.append((event, read_record(event.folder / RECORD_FILE)))
            except DataError:
                continue
    return found
