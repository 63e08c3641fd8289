"""``cir-bench run``: train and evaluate cells, then write the leaderboard."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cir_bench import CellFinished
from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.engine_options import EngineOptions, RunFlags, run_engine, with_engine_options
from cir_bench.cli.output import PROBLEM
from cir_bench.cli.records import read_records
from cir_bench.cli.run_options import RunOptions, RunSetup, with_run_options
from cir_bench.cli.run_view import say
from cir_bench.cli.streams import outlive_readers
from cir_bench.errors import DEBUG, CirBenchError, ConfigError, DataError, debugging
from cir_bench.interrupts import INTERRUPTED
from cir_bench.ranks.group import LostRankError, Ranks
from cir_bench.ranks.join import joined

if TYPE_CHECKING:
    from cir_bench.runs.lifeline import Lifeline


@with_settings
@with_run_options
@with_engine_options
def run(
    engine: EngineOptions,
    options: RunOptions,
    settings: Settings,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run cells again that failed before.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first cell that fails.")] = False,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that decode images.")] = None,
    cell_timeout: Annotated[
        float | None,
        typer.Option(min=1.0, metavar="SECONDS", help="Stop a cell that takes longer; it has failed."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every cell's record as a JSON line on stdout, with its status.")
    ] = False,
) -> None:
    """Train and evaluate every cell that is not done, and write LEADERBOARD.md next to the records.

    With --json, stdout has one line for each cell, also for those that were run before: its record, with the status
    done or failed. A last line `left_out` lists damaged records.

    After an interruption (Ctrl-C, kill), the same command continues after the last finished epoch. Exit codes: 0; 1
    when a cell failed, or the leaderboard had to leave out a damaged record; 2 for a mistake in the options; 130 when
    interrupted.

    torchrun --nproc-per-node N -m cir_bench run ... computes each cell in N processes; --on NAME and --max-cells N
    compute several cells at the same time, on this machine or others (docs/scaling.md).
    """
    from cir_bench.runs.lifeline import open_lifeline
    from cir_bench.runs.schedule import run_cells
    from cir_bench.runs.workbench import default_workers

    outlive_readers(sys.stdout, sys.stderr)
    stream = sys.stderr if as_json else sys.stdout
    try:
        with joined() as ranks:
            _refuse_both(engine, ranks)
            setup = _open(options, settings, default_workers(ranks.size) if workers is None else workers, ranks, engine)
            lifeline = _limited(open_lifeline(), None if engine.used else cell_timeout)
            for sentence in setup.left_out:
                say(stream, sentence)
            with contextlib.redirect_stdout(stream):  # with --json, only records may be on stdout
                finished: Sequence[CellFinished]
                if engine.used:
                    flags = RunFlags(workers, retry_failed, fail_fast, cell_timeout)
                    finished = run_engine(engine, setup, settings, flags, options.config)
                else:
                    parts = setup.cells, setup.bench, setup.registry, setup.out
                    finished = run_cells(*parts, retry_failed=retry_failed, fail_fast=fail_fast, lifeline=lifeline)
    except KeyboardInterrupt:
        say(stream, "Interrupted. Finished cells and epochs are kept; run the same command again to continue.")
        raise typer.Exit(INTERRUPTED) from None
    except LostRankError as error:
        if debugging():
            raise
        say(sys.stderr, f"cir-bench: {error}")
        raise typer.Exit(PROBLEM) from None
    if ranks.first:
        _report(setup, finished, stream, as_json)


def _refuse_both(engine: EngineOptions, ranks: Ranks) -> None:
    if engine.used and ranks.size > 1:
        raise ConfigError("torchrun and --on (or --max-cells) both share out the work; with --on, use --gpus-per-cell.")


def _open(options: RunOptions, settings: Settings, workers: int, ranks: Ranks, engine: EngineOptions) -> RunSetup:
    """What the run starts from; a mistake that only one rank notices stops all of them.

    With an executor, this process only compares records, for which it needs no GPU.
    """
    device = "cpu" if engine.used else None
    try:
        setup = options.open(settings, workers, ranks=ranks if ranks.size > 1 else None, device=device)
    except CirBenchError as error:
        ranks.fail(error)
        raise
    ranks.wait()
    return setup


def _report(setup: RunSetup, finished: Sequence[CellFinished], stream: TextIO, as_json: bool) -> None:
    """Print what became of the cells, and write the leaderboard; exit with `PROBLEM` if something went wrong."""
    from cir_bench.leaderboards import build, render, write_text
    from cir_bench.records.record import RECORD_FILE, read_record

    if as_json:
        for event in finished:
            if event.outcome != "running elsewhere":
                with contextlib.suppress(DataError):  # it could not be written, or is listed below
                    print(read_record(event.folder / RECORD_FILE).model_dump_json())
    records, damaged = read_records([setup.out], setup.registry, required=False)
    if records:
        say(stream, f"Leaderboard: {write_text(render(build(records)), setup.out / 'LEADERBOARD.md')}")
    if as_json and damaged:
        print(json.dumps({"left_out": damaged}))
    _summarise(finished, stream)
    if damaged or any(event.failed or event.outcome == "running elsewhere" for event in finished):
        raise typer.Exit(PROBLEM)


def _limited(lifeline: Lifeline | None, seconds: float | None) -> Lifeline | None:
    """The lifeline, by which the watching process has been told how long a cell may take."""
    if seconds is not None:
        if lifeline is None:
            raise ConfigError(
                f"--cell-timeout works neither with {DEBUG} nor with torchrun nor on systems without POSIX; omit it."
            )
        lifeline.limit(seconds)
    return lifeline


def _summarise(finished: Sequence[CellFinished], stream: TextIO) -> None:
    outcomes = [event.outcome for event in finished]
    failed = [event for event in finished if event.failed]
    say(stream, f"{outcomes.count('done')} run, {outcomes.count('done before')} done before, {len(failed)} failed.")
    for event in failed:
        before = "failed before (--retry-failed runs it again): " if event.outcome == "failed before" else ""
        say(stream, f"  did not run: {event.cell.name}: {before}{event.reason}")
    for event in finished:
        if event.outcome == "running elsewhere":
            say(stream, f"  not run, another process is running it: {event.cell.name}")
