"""`Loaded`: a record and what lies beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cir_bench.records.record import RunRecord
from cir_bench.statistics.queries import QueryResults


@dataclass(frozen=True, eq=False)
class Loaded:
    """One record as it was found.

    Attributes:
        record: the record.
        folder: where its ``record.json`` lies.
        queries: what is known of its queries; None: nothing, and the cell has no interval.
        root: the folder that was searched.
    """

    record: RunRecord
    folder: Path
    queries: QueryResults | None = None
    root: Path = Path()


class Beside:
    """What lies beside records, for those who only have the record object."""

    def __init__(self, found: Iterable[RunRecord | Loaded]) -> None:
        self._found = [one if isinstance(one, Loaded) else Loaded(one, Path()) for one in found]
        self._by_object = {id(one.record): one for one in self._found}  # kept alive by self._found

    def __iter__(self) -> Iterator[RunRecord]:
        return (one.record for one in self._found)

    def queries(self, record: RunRecord) -> QueryResults | None:
        """What is known of the queries of ``record``."""
        return self._by_object[id(record)].queries

    def folder(self, record: RunRecord) -> str:
        """Where it lies; empty when it came without a folder."""
        folder = self._by_object[id(record)].folder
        return "" if folder == Path() else str(folder)
