"""The records that a verb reads: ``--records``, and their problems on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.errors import ConfigError

if TYPE_CHECKING:
    from cir_bench.records.load import StoredRecord

RUNS = Path("runs")
"""Where `run` writes, and where records are read if nothing else is said."""
LEFT_OUT = 1
"""Exit code if a record had to be left out."""

Records = Annotated[
    list[Path] | None,
    typer.Option(
        "--records",
        metavar="DIR",
        help=f"Folder with run records, at any depth; may be given several times. Default: {RUNS}.",
        show_default=False,
    ),
]


def read_records(folders: Sequence[Path] | None) -> tuple[list[StoredRecord], list[str]]:
    """The records below the folders (`RUNS` without any), and a sentence for each problem, also printed on stderr.

    Raises:
        ConfigError: a folder does not exist, or none has any records.
    """
    from cir_bench.records.load import load_records

    places = folders or [RUNS]
    records, problems = load_records(places)
    if not records and not problems:
        named = ", ".join(map(str, places))
        raise ConfigError(f"There are no run records below {named}; run `cir-bench run --all` first, or name another.")
    for sentence in problems:
        print(f"cir-bench: left out: {sentence}", file=sys.stderr)
    return records, problems
