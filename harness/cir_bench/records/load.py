"""Reading back what cells left: records, checked, with the results of their queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cir_bench.errors import ConfigError, DataError
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.protocols.protocol import Protocol
from cir_bench.records.check import ProtocolOf, doubt, mistake
from cir_bench.records.kept import kept_ranking
from cir_bench.records.queries import QUERIES_FILE, load_queries
from cir_bench.records.rankings import ranking_path
from cir_bench.records.record import RECORD_FILE, RunRecord, read_record
from cir_bench.records.tuning import TuningRecord, tunings_below
from cir_bench.retrieval.ranking import CandidateSet, PartRankings
from cir_bench.statistics.queries import QueryResults


@dataclass(frozen=True, eq=False)
class StoredRecord:
    """A record as it was found on disk, in ``folder`` below ``root``; without ``queries`` it has no interval.

    ``doubt`` says why its numbers are only claimed (`cir_bench.records.check`); without one they are re-scored.
    """

    record: RunRecord
    folder: Path
    queries: QueryResults | None = None
    root: Path = Path()
    doubt: str = ""
    tuning: TuningRecord | None = None
    """The tuning that the record names, if it was found."""


def read_records(root: Path) -> tuple[dict[Path, RunRecord], list[str]]:
    """Every readable record below ``root`` by its path, in sorted order, and one sentence for each unreadable one."""
    records, problems = {}, []
    for path in sorted(root.rglob(RECORD_FILE)):
        try:
            records[path] = read_record(path)
        except DataError as error:
            problems.append(str(error))
    return records, problems


def load_records(
    roots: Iterable[Path], protocol_of: ProtocolOf = builtin_protocol
) -> tuple[list[StoredRecord], list[str]]:
    """All records below ``roots`` that can be trusted, with their queries, and one sentence for each problem.

    A record is left out if it cannot be read or contradicts itself, its protocol, its queries or its tuning. One whose
    queries cannot be read is kept without them, as a claim.
    """
    roots = list(roots)
    stored: list[StoredRecord] = []
    problems: list[str] = []
    for root in roots:
        if not root.is_dir():
            raise ConfigError(
                f"There is no folder {root} with run records; name it with --records, or run cells first."
            )
        records, unreadable = read_records(root)
        problems += unreadable
        for path, record in records.items():
            protocol = protocol_of(record.cell.benchmark, record.cell.protocol)
            queries = None
            try:
                queries = find_queries(path.parent, record, protocol)
            except DataError as error:
                problems.append(f"{path} is kept, but its numbers are only claimed: {error}")
            if reason := mistake(record, queries, protocol):
                problems.append(f"{path} is not what it claims to be: {reason}; run the cell again.")
            else:
                stored.append(StoredRecord(record, path.parent, queries, root, doubt(record, queries, protocol)))
    return _with_tunings(stored, roots, problems), problems


def _with_tunings(stored: list[StoredRecord], roots: Sequence[Path], problems: list[str]) -> list[StoredRecord]:
    """The records with their tunings, as far as those are below the roots too; without those that belie theirs."""
    if all(one.record.tuning is None for one in stored):
        return stored
    tunings, unreadable = tunings_below(roots)
    problems += unreadable
    kept = []
    for one in stored:
        facts = one.record.tuning
        tuning = tunings.get(facts.digest) if facts else None
        if tuning is not None and (tuning.facts() != facts or not tuning.is_for(one.record.cell)):
            problems.append(
                f"{one.folder / RECORD_FILE} is not what it claims to be: its tuning is of another cell, or has "
                "another budget or score; run the cell again."
            )
        else:
            kept.append(replace(one, tuning=tuning))
    return kept


def find_queries(folder: Path, record: RunRecord, protocol: Protocol | None = None) -> QueryResults | None:
    """The results of a finished cell's queries, next to its record, or made from its rankings; None if it kept neither.

    Rankings say nothing without the ``protocol`` that they are measured under.
    """
    path = folder / QUERIES_FILE
    if record.status == "failed" or record.hidden:
        return None
    if path.exists():
        return load_queries(path)
    parts = [part for part in record.n_queries if "/" not in part and ranking_path(folder, part).is_file()]
    if protocol is None or not parts:
        return None
    rankings = {part: _part(record, folder, part, protocol) for part in parts}
    return QueryResults.of(rankings, protocol.metrics, protocol.headline)


def _part(record: RunRecord, folder: Path, part: str, protocol: Protocol) -> PartRankings:
    subset = kept_ranking(record, folder, part, CandidateSet.SUBSET) if protocol.subset else None
    return PartRankings(kept_ranking(record, folder, part), subset)
