"""The records that a verb reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cir_bench.errors import ConfigError

if TYPE_CHECKING:
    from cir_bench.plugin.registry import Registry
    from cir_bench.records.load import StoredRecord

RUNS = Path("runs")
"""Where `run` writes, and where records are read if nothing else is said."""


def stored_records(
    folders: Sequence[Path] | None, registry: Registry, required: bool = True
) -> tuple[list[StoredRecord], list[str]]:
    """The records below the folders (default: `RUNS`), and a sentence for each problem.

    They are checked against the protocols of ``registry``. `ConfigError` if a folder does not exist, or if records are
    ``required`` and there are none.
    """
    from cir_bench.protocols.find import known_protocols
    from cir_bench.records.load import load_records

    places = folders or [RUNS]
    records, problems = load_records(places, known_protocols(registry.benchmark_paths()))
    if required and not records and not problems:
        named = ", ".join(map(str, places))
        raise ConfigError(f"There are no run records below {named}; run `cir-bench run --all` first, or name another.")
    return records, problems
