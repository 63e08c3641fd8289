"""Records from folders, the leaderboard to a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.leaderboard.build import build
from cir_bench.leaderboard.render import render
from cir_bench.runs.record import RunRecord, find_records, read_record


def load_records(folders: Sequence[Path]) -> tuple[list[RunRecord], list[str]]:
    """All readable records below ``folders``, and one sentence for each file that is none.

    Raises:
        ConfigError: a folder that is not there.
    """
    records, damaged = [], []
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(
                f"There is no folder {folder} with run records; name it with --records, or run cells first."
            )
        for path in find_records(folder):
            try:
                records.append(read_record(path))
            except CirBenchError as error:
                damaged.append(str(error))
    return records, damaged


def write_leaderboard(records: Iterable[RunRecord], path: Path) -> Path:
    """Write the leaderboard of ``records`` as markdown (temporary file, then rename) and return its path."""
    text = render(build(records))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # /dev/stdout or a pipe is written to, never replaced
        path.write_text(text, encoding="utf-8", newline="\n")
        return path
    temporary = path.with_suffix(f".tmp{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
