"""``cir-bench run``: train and evaluate cells, then write the leaderboard."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Annotated

import typer

from cir_bench.cli.common import Settings, open_registry, with_settings
from cir_bench.cli.run_options import Given, with_given

FAILED = 1
"""Exit code when a cell failed or was being run by another process, or a damaged record was left out."""
INTERRUPTED = 130


@with_settings
@with_given
def run(
    given: Given,
    settings: Settings,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run cells again that failed before.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first cell that fails.")] = False,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that decode images.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Every cell's record as a JSON line on stdout, with its status.")
    ] = False,
) -> None:
    """Train and evaluate every cell that is not done, and write LEADERBOARD.md beside the records.

    With --json stdout has one line for every cell: its record, `status` done or failed, also when it was run before;
    a last line `left_out` names damaged records.

    Interrupted (Ctrl-C, kill) the same command continues after the last finished epoch. Exit codes: 0; 1 when a cell
    failed, or the leaderboard had to leave out a damaged record; 2 for a mistake in the options; 130 when interrupted.
    """
    registry = open_registry(settings, config=given.config)
    requests = given.requests(settings)
    from cir_bench.runs.resolve import left_out, resolve_all

    cells = resolve_all(requests, registry)
    request = requests[0]  # what belongs to the whole run is the same in all
    from cir_bench.cli.run_view import make_view, say
    from cir_bench.leaderboard import write_leaderboard
    from cir_bench.records.load import load_records
    from cir_bench.runs.device import choose_device
    from cir_bench.runs.schedule import run_cells
    from cir_bench.runs.workbench import Workbench, default_workers

    bench = Workbench(
        data_root=request.data_root,
        cache_dir=settings.cache_dir,
        device=choose_device(request.device),
        allow_partial=request.allow_partial,
        workers=default_workers() if workers is None else workers,
    )
    stream = sys.stderr if as_json else sys.stdout
    for sentence in left_out(requests, registry):
        say(stream, sentence)
    try:
        # with --json a plugin that prints must not spoil what is read from stdout
        with contextlib.redirect_stdout(stream), make_view(stream) as view:
            summary = run_cells(
                cells, registry, bench, request.out, view, retry_failed=retry_failed, fail_fast=fail_fast
            )
    except KeyboardInterrupt:
        say(stream, "Interrupted. Nothing finished is lost; the same command continues.")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        for record in summary.records:
            print(record.model_dump_json())
    records, damaged = load_records([request.out])
    for sentence in damaged:
        print(f"cir-bench: left out: {sentence}", file=sys.stderr)
    if as_json and damaged:
        print(json.dumps({"left_out": damaged}))
    if records:
        say(stream, f"Leaderboard: {write_leaderboard(records, request.out / 'LEADERBOARD.md')}")
    say(stream, f"{len(summary.done)} run, {len(summary.skipped)} done before, {len(summary.failed)} failed.")
    for cell, why in summary.failed:
        say(stream, f"  did not run: {cell.key.name}: {why}")
    for cell in summary.elsewhere:
        say(stream, f"  not run, another process is running it: {cell.key.name}")
    if summary.failed or summary.elsewhere or damaged:
        raise typer.Exit(FAILED)
