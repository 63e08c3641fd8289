"""``cir-bench plan``: what `run` would do with the same options."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cir_bench.cli.common import AsJson, with_settings
from cir_bench.cli.layout import wrapped
from cir_bench.cli.output import PROBLEM, print_json
from cir_bench.cli.run_options import RunOptions, with_run_options
from cir_bench.cli.show_cell import value_lines, values_of
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.runs.forecast import Forecast
    from cir_bench.runs.plan import Plan


@with_settings
@with_run_options
def plan(
    options: RunOptions,
    settings: Settings,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Also every parameter of the cells, and where its value comes from.")
    ] = False,
    features: Annotated[
        bool,
        typer.Option("--features", help="Also count the features to extract; loads data sets and encoders."),
    ] = False,
    max_cells: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="As of run: add up the memory of N cells at the same time.")
    ] = None,
    gpus_per_cell: Annotated[
        float | None, typer.Option(min=0.0, metavar="N", help="As of run: with --max-cells, how many share a GPU.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show every cell (done, stale and why, to do) and the estimated time; with --features what is to be extracted.

    Exit code 1 when a cell is refused: its method, encoder, data or artefact do not fit each other.
    """
    from cir_bench.runs.status import Status
    from cir_bench.verbs.plan import at_once
    from cir_bench.verbs.plan import planned as plan_of

    found = options.resolve(settings)
    planned = plan_of(found, settings, features=features, at_once=at_once(max_cells, gpus_per_cell))
    for sentence in found.left_out:
        print(sentence, file=sys.stderr)
    if as_json:
        print_json(_facts(planned, verbose, features))
    else:
        _print(planned, verbose, features)
    if any(one.state.status is Status.REFUSED for one in planned.cells):
        raise typer.Exit(PROBLEM)


def _facts(plan: Plan, verbose: bool, counted: bool) -> dict[str, Any]:
    cells = []
    for planned in plan.cells:
        cost = planned.forecast
        state: dict[str, Any] = {"state": planned.state.status.value, "why": planned.state.reason}
        state |= {"seconds": cost.seconds, "device_mib": cost.device_mib, "host_mib": cost.host_mib}
        state |= {"basis": cost.basis, "basis_cells": cost.of}
        state |= {"fits": None if cost.device_mib is None else not planned.misfit, "misfit": planned.misfit}
        values = {"values": values_of(planned.cell)} if verbose else {}
        cells.append(planned.cell.key.model_dump() | state | values)
    features = []
    for one in plan.extractions:
        what = {"encoder": one.encoder, "benchmark": one.benchmark, "split": one.split, "role": one.role}
        missing = {"items": one.missing.items, "of": one.missing.of, "bytes": one.missing.nbytes}
        features.append({**what, **missing, "seconds": one.seconds})
    return {
        "cells": cells,
        "features": features if counted else None,
        "seconds": plan.seconds,
        "cells_without_estimate": plan.unknown,
        "bytes": plan.nbytes if counted else None,
        "problems": plan.problems,
        "together": asdict(plan.together) if plan.together else None,
    }


def _print(plan: Plan, verbose: bool, counted: bool) -> None:
    for planned in plan.cells:
        state = planned.state
        reason = f": {state.reason}" if state.reason else ""
        _line(
            state.status.value, f"{planned.cell.key.name}{reason}{_cost(planned.forecast) if state.status.runs else ''}"
        )
        if planned.misfit:
            _line("will not fit", planned.misfit)
        if verbose and planned.cell.key.seed == 0:  # the other seeds have the same
            print(*value_lines(values_of(planned.cell), " " * 14), sep="\n")
    for e in plan.extractions:
        _line("extract", f"{e.encoder}: {e.missing.items} of {e.missing.of} {e.role}s of {e.benchmark} ({e.split})")
    if plan.together is not None:
        _line("together", str(plan.together))
        if plan.together.misfit:
            _line("will not fit", plan.together.misfit)
    for problem in plan.problems:
        _line("problem", problem)
    times = [f"about {plan.seconds:.0f} s for cells that have an estimate"] if plan.seconds else []
    if plan.extraction_seconds:
        times.append(f"about {plan.extraction_seconds:.0f} s to extract features")
    if plan.unknown:
        times.append(f"no estimate for {plan.unknown} cell{'' if plan.unknown == 1 else 's'} never run here")
    print(f"Time: {'; '.join(times) or 'none, there is nothing to do'}.")
    if counted:
        print(f"About {plan.nbytes / 2**20:.0f} MiB of features to store.")
    else:
        print("Features to extract: not counted (--features).")


def _cost(forecast: Forecast) -> str:
    if forecast.seconds is None or forecast.device_mib is None:
        return ""
    return f", about {forecast.seconds:.0f} s and {forecast.device_mib:.0f} MiB ({forecast})"


def _line(what: str, text: str) -> None:
    print(*wrapped(f"{what:<12}{text}", " " * 12), sep="\n")
