"""The records that a verb reads: ``--records``, and their problems on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cir_bench.errors import ConfigError

if TYPE_CHECKING:
    from cir_bench.plugin.registry import Registry
    from cir_bench.records.load import StoredRecord

RUNS = Path("runs")
"""Where `run` writes, and where records are read if nothing else is said."""

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
    """The records below the folders (default: `RUNS`), and a sentence for each problem, also a warning on stderr.

    They are checked against the protocols of ``registry``. `ConfigError` if a folder does not exist, or if records are
    ``required`` and there are none.
    """
    from cir_bench.leaderboards.escape import one_line
    from cir_bench.protocols.find import known_protocols
    from cir_bench.records.load import load_records

    places = folders or [RUNS]
    records, problems = load_records(places, known_protocols(registry.benchmark_paths()))
    if required and not records and not problems:
        named = ", ".join(map(str, places))
        raise ConfigError(f"There are no run records below {named}; run `cir-bench run --all` first, or name another.")
    for sentence in problems:
        print(f"cir-bench: warning: {one_line(sentence)}", file=sys.stderr)
    return records, problems
