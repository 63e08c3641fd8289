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


def with_hub(folders: Sequence[Path] | None, others: Sequence[str], cache_dir: Path) -> Sequence[Path] | None:
    """The folders, and those of records that are downloaded from repositories of the Hub (``hf:OWNER/NAME``).

    With ``others`` and no ``folders``, `RUNS` is among them if it exists. Errors are those of
    `cir_bench.hub.pull.download_records`, or `ConfigError` for what is no such name.
    """
    if not others:
        return folders
    from cir_bench.hub.pull import download_records
    from cir_bench.hub.repository import repository_to_read

    repositories = [repository_to_read(one) for one in others]
    own = folders or ([RUNS] if RUNS.is_dir() else [])
    return [*own, *(download_records(one, cache_dir) for one in repositories)]


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
