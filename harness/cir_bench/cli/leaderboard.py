"""``cir-bench leaderboard``: records in, LEADERBOARD.md (LaTeX, CSV) out; or: is a committed one up to date?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cir_bench.cli.common import open_registry, with_settings
from cir_bench.cli.output import PROBLEM
from cir_bench.cli.records import Records, beside, read_records
from cir_bench.errors import ConfigError
from cir_bench.verbs.records import RUNS, with_hub
from cir_bench.verbs.settings import STDOUT, Settings, refuse_stdout

if TYPE_CHECKING:
    from cir_bench.leaderboards import Leaderboard
    from cir_bench.records.load import StoredRecord

FILE = "LEADERBOARD.md"
ENDINGS = {"markdown": ".md", "latex": ".tex", "csv": ".csv"}
Format = Literal["markdown", "latex", "csv"]
Columns = Annotated[
    str,
    typer.Option(
        metavar="NAME,…",
        help="With --to latex: the columns to show, by their headings in the leaderboard, such as R@1,parameters. "
        "Default: the main metrics.",
    ),
]
Pack = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Also copy records and per-query results to DIR: what to commit or send."),
]
From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="hf:OWNER/NAME[@REVISION]",
        help="Also read the records of a dataset repository on the Hugging Face Hub; may be given several times.",
    ),
]


@with_settings
def leaderboard(
    settings: Settings,
    records: Records = None,
    others: From = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=f"The file to write; - prints it. Default: {FILE} in --records."),
    ] = None,
    to: Annotated[Format, typer.Option(help="The format. latex: a table for a paper.")] = "markdown",
    columns: Columns = "",
    pack: Pack = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of a record, and do nothing else.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the leaderboard as JSON; write a file only with --out.")
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write nothing; say where FILE differs from the records, except for times."),
    ] = None,
    no_claims: Annotated[
        bool, typer.Option("--no-claims", help="Exit with 1 if the numbers of a record could not be computed again.")
    ] = False,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="With --check: by how many points a metric may differ; 0: not at all.")
    ] = 2.0,
) -> None:
    """Write the leaderboard of finished and failed cells, with intervals and tie groups.

    Records from elsewhere may be included: their numbers are computed again from the results of their queries. A record
    that is damaged, edited, or names a protocol that it was not measured under is left out and reported; one whose
    numbers cannot be computed again is listed apart and not ranked. Of several records of one cell the newest is used.

    Exit codes: 0; 1 if --check finds FILE stale, or a record had to be left out; 2 for a mistake, such as a folder
    without records.
    """
    from cir_bench import leaderboards as lb
    from cir_bench.verbs.leaderboard import check_columns, packed, rendered

    if schema:
        print(lb.schema_text(), end="")
        return
    _check_options(out, check, pack, to, as_json)
    chosen = [name for part in columns.split(",") if (name := part.strip())]
    check_columns(chosen, to)
    path = out if out is not None or as_json or check is not None else beside(records, FILE).with_suffix(ENDINGS[to])
    stored, problems = _read(with_hub(records, others or [], settings.cache_dir), settings, no_claims)
    for sentence in (*lb.overruled(stored), *packed(stored, pack)):
        print(f"cir-bench: {sentence}", file=sys.stderr)
    board = lb.build(stored).model_copy(update={"left_out": tuple(problems)})
    if as_json:
        print(board.model_dump_json(indent=1))
    if path is not None:
        _write(rendered(board, to, chosen), path, quiet=as_json)
    stale = check is not None and _is_stale(check, board, tolerance, _places(records, others or []))
    if problems or stale:
        raise typer.Exit(PROBLEM)


def _read(records: Sequence[Path] | None, settings: Settings, no_claims: bool) -> tuple[list[StoredRecord], list[str]]:
    """The records, and a sentence for each problem; with ``no_claims`` also for each record that is only claimed."""
    from cir_bench.records.record import RECORD_FILE

    stored, problems = read_records(records, open_registry(settings, quiet=True))
    for one in stored:
        if no_claims and one.doubt:
            problems.append(f"{one.folder / RECORD_FILE} is only claimed: {one.doubt}.")
            print(f"cir-bench: {problems[-1]}", file=sys.stderr)
    return stored, problems


def _check_options(out: Path | None, check: Path | None, pack: Path | None, to: str, as_json: bool) -> None:
    """`ConfigError` for options that do not go together, or a place that cannot be written."""
    if check is not None and (out is not None or as_json or pack is not None or to != "markdown"):
        raise ConfigError("--check only compares; leave out --out, --to, --pack and --json.")
    if out == STDOUT and as_json:
        raise ConfigError("--out - and --json both print; leave out one of them.")
    refuse_stdout("--pack", pack)
    if out is not None and out != STDOUT and (out.is_dir() or (not out.suffix and not out.exists())):
        raise ConfigError(f"--out {out} is the file to write, such as {out}/{FILE}; the folder to read is --records.")


def _write(text: str, path: Path, *, quiet: bool) -> None:
    from cir_bench.leaderboards import write_text

    if path == STDOUT:
        print(text, end="")
    else:
        print(write_text(text, path), file=sys.stderr if quiet else sys.stdout)


def _places(records: Records, others: Sequence[str]) -> str:
    """The options that name the same records."""
    folders = [f"--records {one}" for one in records or ([] if others else [RUNS])]
    return " ".join([*folders, *(f"--from {one}" for one in others)])


def _is_stale(committed: Path, board: Leaderboard, tolerance: float, places: str) -> bool:
    from cir_bench.leaderboards import compare, render

    try:
        text = committed.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{committed} cannot be read ({reason}); name an existing leaderboard.") from error
    differences = compare(render(board), text, tolerance)
    for difference in differences:
        print(difference)
    if differences:
        print(f"{committed} is stale; update it with `cir-bench leaderboard {places} --out {committed}`.")
    else:
        print(f"{committed} is up to date (metrics within {tolerance:g} points, times not compared).")
    return bool(differences)
