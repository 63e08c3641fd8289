"""The finished cell that a submission is made from, and its rankings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.protocols.protocol import Protocol
from cir_bench.records.kept import kept_ranking
from cir_bench.records.load import read_records
from cir_bench.records.record import RECORD_FILE, RunRecord
from cir_bench.retrieval.ranking import CandidateSet
from cir_bench.runs.cell import file_name, method_file_name

SHOWN = 10
TopLists = dict[str, tuple[str, ...]]
"""By query id its best image ids, best first."""


@dataclass(frozen=True)
class CellSelector:
    """Which cells may be submitted: those of one of ``protocols``, which are of the hidden split, by ``name@version``.

    Names are those of the record; None: any.
    """

    benchmark: str
    protocols: Mapping[str, Protocol]
    method: str | None = None
    encoder: str | None = None
    seed: int | None = None

    def matches(self, key: CellKey) -> bool:
        """Whether method, encoder and seed are those that were named."""
        return (
            self.method in (None, key.method) and self.encoder in (None, key.encoder) and self.seed in (None, key.seed)
        )

    @property
    def remedy(self) -> str:
        """What to do if there is no cell of these protocols."""
        return f"run {self.benchmark}/{next(iter(self.protocols))}"

    def is_elsewhere(self, key: CellKey) -> bool:
        """Whether a cell is of another benchmark or protocol."""
        return key.benchmark != self.benchmark or key.protocol not in self.protocols

    def refusal(self, record: RunRecord) -> str:
        """Why this cell cannot be submitted; empty if it can."""
        key = record.cell
        if self.is_elsewhere(key):
            return f"it is of {key.benchmark}/{key.protocol}; {self.remedy}"
        if record.status != "done":
            return "it failed; run it again with --retry-failed"
        if record.protocol is None or record.protocol.hash != self.protocols[key.protocol].hash():
            return f"it was run under another {key.protocol} than the one here (their hashes differ); run it again"
        if record.limit is not None:
            return f"it is a quick look at {record.limit.queries} queries; run it without --limit"
        if record.dataset is not None and record.dataset.missing_images + record.dataset.missing_triplets:
            return "it is partial, because images were missing; complete the data and run it again"
        return ""


@dataclass(frozen=True)
class HiddenRun:
    """A finished cell on a hidden test set."""

    folder: Path
    record: RunRecord
    protocol: Protocol

    @property
    def stem(self) -> str:
        """``cirr-test1-tirg-captions-seed-0``: the beginning of its files' names."""
        key = self.record.cell
        names = [key.benchmark, key.protocol.partition("@")[0], method_file_name(key), key.encoder, f"seed-{key.seed}"]
        if key.track != "controlled":
            names.insert(2, key.track)
        return "-".join(map(file_name, names))

    def lists(self) -> tuple[TopLists, TopLists]:
        """The best images of every query, of the gallery and, if the protocol ranks them, of its own few candidates."""
        return self._read(CandidateSet.GALLERY), self._read(CandidateSet.SUBSET) if self.protocol.subset else {}

    def _read(self, candidates: CandidateSet) -> TopLists:
        lists: TopLists = {}
        for part in self.record.n_queries:
            ranking = kept_ranking(self.record, self.folder, part, candidates)
            lists |= dict(zip(ranking.queries.ids, ranking.top_ids, strict=True))
        return lists


def find_run(where: Path, selector: CellSelector) -> HiddenRun:
    """The one cell in or below ``where`` (a cell's folder, or a run's ``--out``) that can be submitted.

    `ConfigError` if there is none, with the reason, or several, with their folders; `DataError` if the only record
    cannot be read.
    """
    records, refused = read_records(where)
    if not records and not refused:
        raise ConfigError(f"--run {where} contains no {RECORD_FILE}; name a cell's folder, or the --out of a run.")
    if not records and len(refused) == 1:
        raise DataError(refused[0])
    fitting: list[HiddenRun] = []
    count = len(records) + len(refused)
    elsewhere = [path for path, record in records.items() if selector.is_elsewhere(record.cell)]
    if len(elsewhere) > 1:  # a folder of runs has many of them
        refused.append(f"{len(elsewhere)} are of other benchmarks or protocols; {selector.remedy}.")
        records = {path: record for path, record in records.items() if path not in elsewhere}
    for path, record in records.items():
        if not selector.matches(record.cell):
            key = record.cell
            own = f"{key.method}, {key.encoder}, seed {key.seed}"
            refused.append(f"{path.parent} has another method, encoder or seed ({own}).")
        elif reason := selector.refusal(record):
            refused.append(f"{path.parent} cannot be submitted: {reason}.")
        else:
            fitting.append(HiddenRun(path.parent, record, selector.protocols[record.cell.protocol]))
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        folders = _lines(str(run.folder) for run in fitting)
        raise ConfigError(f"{len(fitting)} cells below {where} can be submitted; name one with --run:{folders}")
    if count == 1:
        raise ConfigError(refused[0])
    raise ConfigError(f"None of the {count} cells below {where} can be submitted:{_lines(refused)}")


def _lines(items: Iterable[str]) -> str:
    listed = list(items)
    more = [f"… {len(listed) - SHOWN} more"] if len(listed) > SHOWN else []
    return "".join(f"\n  {item}" for item in [*listed[:SHOWN], *more])
