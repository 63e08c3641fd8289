"""Leaderboards and records as files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from cir_bench.atomic import replacing
from cir_bench.errors import ConfigError
from cir_bench.leaderboards.grouping import by_cell
from cir_bench.records.load import StoredRecord
from cir_bench.records.queries import save_queries
from cir_bench.records.record import RECORD_FILE, RunRecord
from cir_bench.records.tuning import write_tuning

LEADERBOARD_FILE = "LEADERBOARD.md"
TUNING_DIGITS = 16


def overruled(records: Iterable[StoredRecord]) -> list[str]:
    """A sentence for each cell with several different finished records: which one is used."""
    sentences = []
    for (cell, _), group in by_cell(one for one in records if one.record.status == "done").items():
        used = group[-1]
        others = sorted({str(one.folder) for one in group if one.record != used.record})
        if others:
            name = f"{cell.method} on {cell.benchmark}/{cell.protocol}, {cell.encoder}, seed {cell.seed}"
            sentences.append(f"{name}: {used.folder} is used; it finished later than {', '.join(others)}.")
    return sentences


def schema_text() -> str:
    """The JSON Schema of ``record.json``, as it is published in ``record.schema.json``."""
    return json.dumps(RunRecord.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def pack(records: Iterable[StoredRecord], folder: Path) -> list[Path]:
    """Copy records and per-query results into ``folder``, with their paths below their root: what to commit or send.

    The tunings that they name, as far as they were found, are copied below ``folder/tuning``, by digest. Quick looks
    are left out; their folders are returned.
    """
    taken: dict[Path, Path] = {}
    left_out = []
    for one in records:
        if one.record.limit is not None:
            left_out.append(one.folder)
            continue
        place = folder / one.folder.relative_to(one.root)
        if place in taken:
            raise ConfigError(f"{one.folder} and {taken[place]} would both be copied to {place}; pack them one by one.")
        taken[place] = one.folder
        with replacing(place / RECORD_FILE) as temporary:
            shutil.copyfile(one.folder / RECORD_FILE, temporary)
        if one.queries is not None:
            save_queries(one.queries, place)
        if one.tuning is not None and one.record.tuning is not None:
            write_tuning(one.tuning, folder / "tuning" / one.record.tuning.digest[:TUNING_DIGITS])
    return left_out


def write_text(text: str, path: Path) -> Path:
    """Write ``text``, whole or not at all, and return its path."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path
