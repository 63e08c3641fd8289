"""``cir-bench compare A B``: how much two rows of the leaderboard differ, how sure that is, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.output import PROBLEM, print_json
from cir_bench.cli.records import read_records
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.verbs.records import RUNS
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    pass


@with_settings
def compare(
    settings: Settings,
    first: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A row: METHOD or METHOD[VARIANT], either with #SEED; or a folder of its records, with a / in it.",
        ),
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="The row that it is compared with.")],
    benchmark: Annotated[
        str, typer.Option("-b", "--benchmark", metavar="NAME", help="BENCHMARK, or BENCHMARK/PROTOCOL@VERSION.")
    ] = "",
    encoder: Annotated[str, typer.Option("-e", "--encoder", metavar="NAME", help="The encoder.")] = "",
    records: Annotated[
        list[Path] | None,
        typer.Option(
            *("--records", "--out"),
            metavar="DIR",
            help=f"Folder with run records, such as the --out of runs (default: {RUNS}); may be given several times.",
        ),
    ] = None,
    metric: Annotated[str, typer.Option(metavar="NAME", help="Compare by this metric, not by the headline.")] = "",
    flips: Annotated[
        int, typer.Option(min=0, metavar="N", help="Name up to N queries on which A is better, and N on which B is.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare two methods that were measured under the same conditions, query by query.

    The p-values are those of the leaderboard before its correction, because only one pair is compared. Exit codes: 0; 1
    if a record had to be left out; 2 for a mistake.
    """
    registry = open_registry(settings, quiet=True)
    stored, problems = read_records(records, registry)
    from cir_bench.verbs.compare import compared

    where = {"benchmark": benchmark, "encoder": encoder}
    result = compared(stored, first, second, **where, metric=metric, flips=flips, installed=registry.all(MethodSpec))
    if as_json:
        print_json(result.facts())
    else:
        print(result)
    if problems:
        raise typer.Exit(PROBLEM)
