"""``cir-bench plan``: what `run` would do with the same options."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cir_bench.cli.common import Settings, open_registry, with_settings
from cir_bench.cli.output import print_json
from cir_bench.cli.run_options import Given, with_given

if TYPE_CHECKING:
    from cir_bench.runs.plan import Plan


@with_settings
@with_given
def plan(
    given: Given,
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Show every cell (done, stale because of what, to do), features to extract, estimated time and disk.

    Exit code 1 when the plan holds a pairing of method and encoder that cannot work.
    """
    registry = open_registry(settings, config=given.config)
    requests = given.requests(settings)
    from cir_bench.runs.device import choose_device
    from cir_bench.runs.plan import make_plan
    from cir_bench.runs.resolve import left_out, resolve_all
    from cir_bench.runs.state import Kind
    from cir_bench.runs.workbench import Workbench

    request = requests[0]  # what belongs to the whole run is the same in all
    bench = Workbench(
        data_root=request.data_root,
        cache_dir=settings.cache_dir,
        device=choose_device(request.device),
        allow_partial=request.allow_partial,
    )
    made = make_plan(resolve_all(requests, registry), bench, request.out)
    for sentence in left_out(requests, registry):
        print(sentence, file=sys.stderr)
    if as_json:
        print_json(_facts(made))
    else:
        _print(made)
    if any(planned.state.kind is Kind.REFUSED for planned in made.cells):
        raise typer.Exit(1)


def _facts(made: Plan) -> dict[str, Any]:
    return {
        "cells": [
            {
                **planned.cell.key.model_dump(),
                "state": planned.state.kind.value,
                "why": planned.state.why,
                "seconds": planned.seconds,
            }
            for planned in made.cells
        ],
        "features": [
            {
                "encoder": e.encoder,
                "benchmark": e.benchmark,
                "split": e.split,
                "role": e.role,
                "items": e.missing.items,
                "of": e.missing.of,
                "bytes": e.missing.nbytes,
            }
            for e in made.extractions
        ],
        "seconds": made.seconds,
        "cells_without_estimate": made.unknown,
        "bytes": made.nbytes,
        "problems": made.problems,
    }


def _print(made: Plan) -> None:
    for planned in made.cells:
        why = f": {planned.state.why}" if planned.state.why else ""
        time = (
            "" if planned.seconds is None or planned.state.kind.value == "done" else f", about {planned.seconds:.0f} s"
        )
        print(f"{planned.state.kind.value:<12}{planned.cell.key.name}{why}{time}")
    for e in made.extractions:
        print(f"extract     {e.encoder}: {e.missing.items} of {e.missing.of} {e.role}s of {e.benchmark} ({e.split})")
    for problem in made.problems:
        print(f"problem     {problem}")
    times = [f"about {made.seconds:.0f} s for cells to do that were run here before"] if made.seconds else []
    if made.unknown:
        times.append(f"no estimate for {made.unknown} never run here")
    print(f"Time: {'; '.join(times) or 'none, nothing is to do'}.")
    print(f"About {made.nbytes / 2**20:.0f} MiB of features to store.")
