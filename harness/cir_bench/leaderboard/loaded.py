"""`Beside`: what is stored next to records, for code that only has the record objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord
from cir_bench.statistics.queries import QueryResults


class Beside:
    """What lies beside records, for those who only have the record object."""

    def __init__(self, found: Iterable[RunRecord | StoredRecord]) -> None:
        self._found = [one if isinstance(one, StoredRecord) else StoredRecord(one, Path()) for one in found]
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
