"""``cir-bench compare A B``: how much two rows of the leaderboard differ, how sure that is, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cir_bench.cli.common import AsJson, Settings, open_registry, with_settings
from cir_bench.cli.output import PROBLEM, print_json
from cir_bench.cli.records import RUNS, read_records

if TYPE_CHECKING:
    from cir_bench.leaderboards import Row
    from cir_bench.leaderboards.row_pair import RowPair
    from cir_bench.leaderboards.values import Budget
    from cir_bench.statistics.versus import Flip, Versus


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
    stored, problems = read_records(records, open_registry(settings, quiet=True))
    from cir_bench.leaderboards.row_pair import find_pair
    from cir_bench.statistics.versus import versus

    pair = find_pair(stored, first, second, benchmark=benchmark, encoder=encoder)
    result = versus(*pair.values, pair.key_of(metric), flips)
    if as_json:
        print_json(_facts(pair, result))
    else:
        print(*_lines(pair, result), sep="\n")
    if problems:
        raise typer.Exit(PROBLEM)


def _facts(pair: RowPair, result: Versus) -> dict[str, Any]:
    first, second = (row.model_dump(include={"method", "variant", "encoder", "tuning", "seeds"}) for row in pair.rows)
    difference = asdict(result.pair)
    del difference["first"], difference["second"], difference["p_holm"]
    return {
        "section": pair.section,
        "metric": result.key,
        "a": first | {"value": result.first},
        "b": second | {"value": result.second},
        **difference,
        "p": result.pair.p,
        "differ": result.pair.differ,
        "breakdown": list(map(asdict, result.shares)),
        "a_better": list(map(asdict, result.won)),
        "b_better": list(map(asdict, result.lost)),
    }


def _lines(pair: RowPair, result: Versus) -> Iterator[str]:
    found = result.pair
    yield f"{pair.section}, {result.key}"
    for letter, row, value in zip("AB", pair.rows, (result.first, result.second), strict=True):
        yield f"  {letter}  {value:6.2f}  {_name(row)}"
    low, high = found.interval
    yield f"difference A - B: {found.difference:+.2f}, 95 % interval [{low:+.2f}, {high:+.2f}]"
    yield f"queries: A better in {found.wins:,}, equal in {found.ties:,}, B better in {found.losses:,}"
    several = any(len(row.seeds) > 1 for row in pair.rows)
    seeds = f"; accounting for other seeds p = {_p(found.p_seeds)}" if several else ""
    yield f"paired randomisation test over queries: p = {_p(found.p_queries)}{seeds}"
    better = "A is better." if found.difference > 0 else "B is better."
    yield better if found.differ else "They do not differ as far as these queries and seeds can tell."
    first, second = (row.tuning for row in pair.rows)
    if first != second:
        yield f"They were not tuned with the same budget: A {_budget(first)}, B {_budget(second)}."
    if not several:
        yield "One seed each: this compares two trained models, not two methods."
    yield from _breakdown(result)
    for letter, flips in zip("AB", (result.won, result.lost), strict=True):
        yield from _flips(letter, flips)


def _name(row: Row) -> str:
    variant = f"[{row.variant}]" if row.variant else ""
    seeds = f"seed{'s' if len(row.seeds) > 1 else ''} {' '.join(map(str, row.seeds))}"
    return f"{row.method}{variant}, {row.encoder}, {seeds}"


def _budget(tuning: Budget | None) -> str:
    return f"{tuning} (trials × epochs)" if tuning else "not at all"


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else f"{p:.0e}"


def _breakdown(result: Versus) -> Iterator[str]:
    from tabulate import tabulate

    if result.shares:
        headers = ["queries", "n", "A", "B", "A - B", "95 % interval", "A better", "equal", "B better"]
        rows = [
            [
                *(share.name, share.n, f"{share.first:.2f}", f"{share.second:.2f}"),
                f"{share.first - share.second:+.2f}",
                f"[{share.interval[0]:+.2f}, {share.interval[1]:+.2f}]",
                *(share.wins, share.ties, share.losses),
            ]
            for share in result.shares
        ]
        yield ""
        yield tabulate(rows, headers, colalign=("left", *["right"] * 8), disable_numparse=True)
        yield "These intervals are not corrected for their number."


def _flips(letter: str, flips: tuple[Flip, ...]) -> Iterator[str]:
    if flips:
        yield ""
        yield f"{letter} is better, the clearest first (values, expected ranks of the best target; means over seeds):"
    for flip in flips:
        part = f" {flip.part}" if flip.part else ""
        tags = f"  {' '.join(flip.tags)}" if flip.tags else ""
        values = f"A {flip.first:.4g} at {flip.first_rank:.4g}, B {flip.second:.4g} at {flip.second_rank:.4g}"
        yield f"  {flip.query}{part}: {values}{tags}"
