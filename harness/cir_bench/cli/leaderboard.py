"""``cir-bench leaderboard``: records in, LEADERBOARD.md (LaTeX, CSV) out; or: is a committed one up to date?"""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cir_bench.records.load import StoredRecord

RUNS = Path("runs")
FILE = "LEADERBOARD.md"


class Form(str, Enum):
    """What --to writes."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"


ENDINGS = {Form.MARKDOWN: ".md", Form.LATEX: ".tex", Form.CSV: ".csv"}
STALE = 1
"""Exit code of a stale leaderboard, and of one that had to leave out a damaged record."""


def leaderboard(
    records: Annotated[
        list[Path] | None,
        typer.Option("--records", metavar="DIR", help="Where the records lie, at any depth; may be given again."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=f"The file to write (default: {RUNS / FILE}).")
    ] = None,
    to: Annotated[Form, typer.Option(help="In which form to write it: the same table in each.")] = Form.MARKDOWN,
    pack: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also copy records and per-query results to DIR: what to commit or to send."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of a record, and do nothing else.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the leaderboard as JSON; write a file only with --out.")
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write nothing; say where FILE differs from the records, times aside."),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(min=0.0, help="With --check: by how many points a metric may differ; 0: not at all."),
    ] = 2.0,
) -> None:
    """Write the leaderboard of finished and failed cells, with intervals and tie groups.

    Records made elsewhere may be given too: one that is damaged, edited, or names a protocol that it was not measured
    under is left out and named; of several records of one cell the newest counts, and its row says so.

    Exit codes: 0; 1 when --check finds FILE stale, or when a record had to be left out; 2 for a mistake, such as a
    folder without records.
    """
    from cir_bench import leaderboard as lb
    from cir_bench.errors import ConfigError
    from cir_bench.records.load import load_records

    if schema:
        print(lb.schema_text(), end="")
        return
    if check is not None and (out is not None or as_json or pack is not None or to is not Form.MARKDOWN):
        raise ConfigError("--check only compares; leave out --out, --to, --pack and --json.")
    if out is not None and not out.suffix and not out.exists():
        raise ConfigError(f"--out {out} is the file to write, such as {out}/{FILE}; the folder to read is --records.")
    folders = records or [RUNS]
    found, damaged = load_records(folders)
    if not found and not damaged:
        named = ", ".join(map(str, folders))
        raise ConfigError(f"There are no run records below {named}; run `cir-bench run --all` first, or name another.")
    for sentence in damaged:
        print(f"cir-bench: left out: {sentence}", file=sys.stderr)
    for sentence in lb.overruled(found):
        print(f"cir-bench: {sentence}", file=sys.stderr)
    if pack is not None:
        lb.pack(found, pack)
    stale = False
    if check is not None:
        stale = _is_stale(check, folders, found, tolerance)
    elif as_json:
        print(lb.build(found).model_copy(update={"left_out": tuple(damaged)}).model_dump_json(indent=1))
    if out is not None or (check is None and not as_json):
        write = {Form.MARKDOWN: lb.render, Form.LATEX: lb.render_latex, Form.CSV: lb.render_csv}[to]
        path = lb.write_text(write(lb.build(found)), out or (RUNS / FILE).with_suffix(ENDINGS[to]))
        print(path, file=sys.stderr if as_json else sys.stdout)
    if damaged or stale:
        raise typer.Exit(STALE)


def _is_stale(committed: Path, folders: list[Path], records: list[StoredRecord], tolerance: float) -> bool:
    from cir_bench.errors import ConfigError
    from cir_bench.leaderboard import build, compare, render

    try:
        text = committed.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{committed} cannot be read ({error}); name a leaderboard that was written before."
        ) from error
    differences = compare(render(build(records)), text, tolerance)
    for difference in differences:
        print(difference)
    if differences:
        named = "".join(f" --records {folder}" for folder in folders)
        print(f"{committed} is stale; write it anew with `cir-bench leaderboard{named} --out {committed}`.")
    else:
        print(f"{committed} is up to date (metrics within {tolerance:g} points, times not compared).")
    return bool(differences)
