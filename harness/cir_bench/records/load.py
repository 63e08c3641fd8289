"""Reading back what cells left: records, checked, with the results of their queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError, DataError
from cir_bench.records.check import mistake
from cir_bench.records.queries import QUERIES_FILE, load_queries
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.statistics.queries import QueryResults


@dataclass(frozen=True, eq=False)
class StoredRecord:
    """A record as it was found on disk, in ``folder`` below ``root``; without ``queries`` it has no interval."""

    record: RunRecord
    folder: Path
    queries: QueryResults | None = None
    root: Path = Path()


def read_records(root: Path) -> tuple[dict[Path, RunRecord], list[str]]:
    """Every readable record below ``root`` by its path, in sorted order, and one sentence for each unreadable one."""
    records, problems = {}, []
    for path in sorted(root.rglob(RECORD_FILE)):
        try:
            records[path] = read_record(path)
        except DataError as error:
            problems.append(str(error))
    return records, problems


def load_records(roots: Iterable[Path]) -> tuple[list[StoredRecord], list[str]]:
    """All records below ``roots`` that can be trusted, with their queries, and one sentence for each problem.

    A record is left out if it cannot be read or contradicts its protocol or its queries. One whose queries cannot be
    read is kept without them.
    """
    stored, problems = [], []
    for root in roots:
        if not root.is_dir():
            raise ConfigError(
                f"There is no folder {root} with run records; name it with --records, or run cells first."
            )
        records, unreadable = read_records(root)
        problems += unreadable
        for path, record in records.items():
            queries = None
            try:
                queries = find_queries(path.parent, record)
            except DataError as error:
                problems.append(f"{path} is kept, but is compared with nothing: {error}")
            if reason := mistake(record, queries):
                problems.append(f"{path} is not what it claims to be: {reason}; run the cell again.")
            else:
                stored.append(StoredRecord(record, path.parent, queries, root))
    return stored, problems


def find_queries(folder: Path, record: RunRecord) -> QueryResults | None:
    """The results of a finished cell's queries, next to its record; None if they were not kept."""
    path = folder / QUERIES_FILE
    kept = record.status == "done" and not record.hidden and path.is_file()
    return load_queries(path) if kept else None
