"""Records that overrule others, records packed for others, the leaderboard as a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from cir_bench.atomic import replacing
from cir_bench.errors import ConfigError
from cir_bench.leaderboard.build import build
from cir_bench.leaderboard.comparable import duplicates, identity, newest
from cir_bench.leaderboard.render import render
from cir_bench.records.load import StoredRecord
from cir_bench.records.queries import save_queries
from cir_bench.records.record import RECORD_FILE, RunRecord


def overruled(found: Sequence[StoredRecord]) -> list[str]:
    """A sentence for each cell of which several different records are there: which one counts."""
    several = duplicates(one.record for one in found)
    kept = {id(record) for record in newest([one.record for one in found])}
    sentences = []
    for cell in several:
        each = [one for one in found if one.record.status == "done" and identity(one.record) == cell]
        winner = next(one for one in each if id(one.record) in kept)
        others = sorted({str(one.folder) for one in each if one.record != winner.record})
        name = f"{cell[0].method} on {cell[0].benchmark}/{cell[0].protocol}, {cell[0].encoder}, seed {cell[0].seed}"
        sentences.append(f"{name}: {winner.folder} counts, finished later than {', '.join(others)}.")
    return sentences


def schema_text() -> str:
    """The JSON Schema of ``record.json``, as it is published in ``record.schema.json``."""
    return json.dumps(RunRecord.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def pack(found: Iterable[StoredRecord], folder: Path) -> None:
    """Copy records and per-query results, as they lie below their root, into ``folder``: what to commit or to send.

    Per-query results that were made from rankings are written, so that the rankings need not be copied.

    Raises:
        ConfigError: two records have the same place.
    """
    taken: dict[Path, Path] = {}
    for one in found:
        place = folder / one.folder.relative_to(one.root)
        if place in taken:
            raise ConfigError(f"{one.folder} and {taken[place]} would both be copied to {place}; pack them one by one.")
        taken[place] = one.folder
        with replacing(place / RECORD_FILE) as temporary:
            shutil.copyfile(one.folder / RECORD_FILE, temporary)
        if one.queries is not None:
            save_queries(one.queries, place)


def write_leaderboard(records: Iterable[RunRecord | StoredRecord], path: Path) -> Path:
    """Write the leaderboard of ``records`` as Markdown and return its path."""
    return write_text(render(build(records)), path)


def write_text(text: str, path: Path) -> Path:
    """Write ``text``, whole or not at all, and return its path."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path
