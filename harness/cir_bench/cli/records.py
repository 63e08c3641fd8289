"""The records that a verb reads: ``--records``, and their problems on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.errors import ConfigError
from cir_bench.verbs.records import RUNS, stored_records

if TYPE_CHECKING:
    from cir_bench.plugin.registry import Registry
    from cir_bench.records.load import StoredRecord

Records = Annotated[
    list[Path] | None,
    typer.Option(
        "--records",
        metavar="DIR",
        help=f"Folder with run records, at any depth; may be given several times. Default: {RUNS}.",
    ),
]


def beside(records: Sequence[Path] | None, name: Path | str) -> Path:
    """Where a verb writes when it is not told: in the one folder that it reads."""
    if records and len(set(records)) > 1:
        raise ConfigError(f"there are several --records; name the place of {name} with --out.")
    return (records or [RUNS])[0] / name


def read_records(
    folders: Sequence[Path] | None, registry: Registry, required: bool = True
) -> tuple[list[StoredRecord], list[str]]:
    """As of `stored_records`; each problem is also a warning on stderr."""
    records, problems = stored_records(folders, registry, required)
    warn(problems)
    return records, problems


def chosen_cell(where: Path, registry: Registry, *, model: bool = True, weights: bool = False) -> Path:
    """As of `cir_bench.search.winner.choose_cell`, for its model or its weights; which was taken is said on stderr."""
    from cir_bench.search.winner import SEARCH, WEIGHTS, choose_cell  # loads torch

    chosen = choose_cell(where, registry, [*([SEARCH] if model else []), *([WEIGHTS] if weights else [])])
    if chosen.why:
        print(chosen.why, file=sys.stderr)
    return chosen.folder


def warn(problems: Sequence[str]) -> None:
    """Print a warning for each problem of records on stderr."""
    from cir_bench.leaderboards.escape import one_line

    for sentence in problems:
        print(f"cir-bench: warning: {one_line(sentence)}", file=sys.stderr)
