"""``cir-bench compare A B``: how much two rows of the leaderboard differ, how sure that is, and where it comes from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cir_bench.cli.leaderboard import RUNS

if TYPE_CHECKING:
    from cir_bench.leaderboard.model import Row
    from cir_bench.leaderboard.row_pair import RowPair
    from cir_bench.statistics.versus import Flip, Versus

LEFT_OUT = 1
"""Exit code when a record had to be left out."""
_ROW = "METHOD, METHOD[VARIANT], either with #SEED; or a folder of its records, with a / in it."


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help=f"A row: {_ROW}")],
    second: Annotated[str, typer.Argument(metavar="B", help="The row that it is compared with.")],
    benchmark: Annotated[
        str, typer.Option("-b", "--benchmark", metavar="NAME", help="BENCHMARK, or BENCHMARK/PROTOCOL@VERSION.")
    ] = "",
    encoder: Annotated[str, typer.Option("-e", "--encoder", metavar="NAME", help="The encoder.")] = "",
    records: Annotated[
        list[Path] | None,
        typer.Option(
            "--records",
            "--out",
            metavar="DIR",
            help=f"Where the records lie, such as the --out of runs (default: {RUNS}); may be given again.",
        ),
    ] = None,
    metric: Annotated[str, typer.Option(metavar="NAME", help="Compare by this metric, not by the headline.")] = "",
    flips: Annotated[
        int, typer.Option(min=0, metavar="N", help="Name up to N queries in which A is better, and N in which B is.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Compare two methods that were measured under the same conditions, query by query.

    The p-values are those of the leaderboard before its correction: here one pair is looked at. Exit codes: 0; 1 when a
    record had to be left out; 2 for a mistake.
    """
    from cir_bench.leaderboard.row_pair import find_pair
    from cir_bench.records.load import load_records
    from cir_bench.statistics.versus import versus

    found, damaged = load_records(records or [RUNS])
    for sentence in damaged:
        print(f"cir-bench: left out: {sentence}", file=sys.stderr)
    chosen = find_pair(found, first, second, benchmark=benchmark, encoder=encoder)
    result = versus(*chosen.values, _key(chosen, metric), flips)
    if as_json:
        print(json.dumps(_finite(_facts(chosen, result)), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_lines(chosen, result)))
    if damaged:
        raise typer.Exit(LEFT_OUT)


def _key(chosen: RowPair, metric: str) -> str:
    """The key of the record that ``--metric`` means: over the whole benchmark."""
    from cir_bench.errors import ConfigError, did_you_mean

    keys = [key for key in chosen.values[0].keys if key in chosen.values[1].keys]
    names = {key.removeprefix("mean/"): key for key in keys if "/" not in key.removeprefix("mean/")}
    wanted = metric.removeprefix("mean/") or chosen.headline
    if wanted not in names:
        raise ConfigError(f"There is no mean over queries called {metric!r} here; {did_you_mean(wanted, names)}")
    return names[wanted]


def _facts(chosen: RowPair, result: Versus) -> dict[str, Any]:
    pair = asdict(result.pair)
    del pair["first"], pair["second"], pair["p_holm"]
    return {
        "section": chosen.section,
        "metric": result.key,
        "a": _row_facts(chosen.rows[0]) | {"value": result.first},
        "b": _row_facts(chosen.rows[1]) | {"value": result.second},
        **pair,
        "p": result.pair.p,
        "differ": result.pair.differ,
        "breakdown": [asdict(share) for share in result.shares],
        "a_better": [asdict(flip) for flip in result.won],
        "b_better": [asdict(flip) for flip in result.lost],
    }


def _row_facts(row: Row) -> dict[str, Any]:
    return {"method": row.method, "variant": row.variant, "encoder": row.encoder, "seeds": list(row.seeds)}


def _finite(value: Any) -> Any:
    """``value`` with infinities as the text that records write them as: JSON has no such number."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return "Infinity" if isinstance(value, float) and value == float("inf") else value


def _lines(chosen: RowPair, result: Versus) -> Iterator[str]:
    pair, names = result.pair, [_name(row) for row in chosen.rows]
    yield f"{chosen.section}, {result.key}"
    for letter, name, value in zip("AB", names, (result.first, result.second), strict=True):
        yield f"  {letter}  {value:6.2f}  {name}"
    low, high = pair.interval
    yield f"difference A - B: {pair.difference:+.2f}, 95 % interval [{low:+.2f}, {high:+.2f}]"
    yield f"queries: A better in {pair.wins:,}, equal in {pair.ties:,}, B better in {pair.losses:,}"
    several = any(len(row.seeds) > 1 for row in chosen.rows)
    seeds = f"; with other seeds in mind p = {_p(pair.p_seeds)}" if several else ""
    yield f"paired randomisation test over queries: p = {_p(pair.p_queries)}{seeds}"
    better = "A is better" if pair.difference > 0 else "B is better"
    yield f"{better}." if pair.differ else "They do not differ as far as these queries and seeds can tell."
    if not several:
        yield "One seed each: this compares two trained models, not two methods."
    yield from _breakdown(result)
    for letter, flips in zip("AB", (result.won, result.lost), strict=True):
        yield from _flips(letter, flips)


def _name(row: Row) -> str:
    variant = f"[{row.variant}]" if row.variant else ""
    return (
        f"{row.method}{variant}, {row.encoder}, seed{'s' if len(row.seeds) > 1 else ''} {' '.join(map(str, row.seeds))}"
    )


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
        yield "These intervals are not corrected for how many there are."


def _flips(letter: str, flips: tuple[Flip, ...]) -> Iterator[str]:
    if not flips:
        return
    yield ""
    yield f"{letter} is better, the clearest first (values, expected ranks of the best target; means over seeds):"
    for flip in flips:
        part = f" {flip.part}" if flip.part else ""
        tags = f"  {' '.join(flip.tags)}" if flip.tags else ""
        values = f"A {flip.first:.4g} at {flip.first_rank:.4g}, B {flip.second:.4g} at {flip.second_rank:.4g}"
        yield f"  {flip.query}{part}: {values}{tags}"
