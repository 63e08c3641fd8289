"""``cir-bench run``: train and evaluate cells, then write the leaderboard."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cir_bench import CellFinished
from cir_bench.cli.common import open_registry, with_settings
from cir_bench.cli.engine_options import EngineOptions, with_engine_options
from cir_bench.cli.output import PROBLEM
from cir_bench.cli.records import warn
from cir_bench.cli.run_options import RunOptions, with_run_options
from cir_bench.cli.run_view import say
from cir_bench.cli.streams import outlive_readers
from cir_bench.errors import debugging, examples
from cir_bench.interrupts import INTERRUPTED
from cir_bench.ranks.group import LostRankError
from cir_bench.ranks.join import joined
from cir_bench.verbs.engine import RunFlags
from cir_bench.verbs.perform import RunCall, records_of, write_leaderboard
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.verbs.choice import RunSetup


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
    track_with: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:TARGET]",
            help="Send the run to an experiment tracker (cir-bench ls trackers); may be repeated.",
        ),
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
    import torch  # noqa: F401 (before the plugins, so that a changed number of threads is noticed)

    from cir_bench.runs.lifeline import open_lifeline

    outlive_readers(sys.stdout, sys.stderr)
    stream = sys.stderr if as_json else sys.stdout
    flags = RunFlags(workers, retry_failed, fail_fast, cell_timeout)
    try:
        with joined() as ranks:
            call = RunCall(options.choice(settings), settings, engine.choice(), flags, tuple(track_with or ()))
            setup = call.open(open_registry(settings, config=options.config), ranks)
            for sentence in setup.left_out:
                say(stream, sentence)
            with contextlib.redirect_stdout(stream):  # with --json, only records may be on stdout
                finished = call.compute(setup, open_lifeline())
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


def _report(setup: RunSetup, finished: Sequence[CellFinished], stream: TextIO, as_json: bool) -> None:
    """Print what became of the cells, and write the leaderboard; exit with `PROBLEM` if something went wrong."""
    if as_json:
        for _, record in records_of(finished):
            print(record.model_dump_json())
    path, damaged = write_leaderboard(setup)
    warn(damaged)
    if path is not None:
        say(stream, f"Leaderboard: {path}")
    if as_json and damaged:
        print(json.dumps({"left_out": damaged}))
    _summarise(finished, stream)
    if damaged or any(event.failed or event.outcome == "running elsewhere" for event in finished):
        raise typer.Exit(PROBLEM)


def _summarise(finished: Sequence[CellFinished], stream: TextIO) -> None:
    """Count the outcomes; why a cell failed or was left alone was said when it was its turn."""
    outcomes = [event.outcome for event in finished]
    failed = [event.cell.name for event in finished if event.failed]
    names = f": {examples(failed, between='; ')}" if failed else ""
    say(
        stream,
        f"{outcomes.count('done')} run, {outcomes.count('done before')} done before, {len(failed)} failed{names}.",
    )
    if "failed before" in outcomes:
        say(stream, "--retry-failed runs again what failed before.")
    if elsewhere := outcomes.count("running elsewhere"):
        say(stream, f"{elsewhere} not run: another process is running {'it' if elsewhere == 1 else 'them'}.")
