"""Records as runs write them, with what a test is about changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from cir_bench.leaderboards import Leaderboard, Section, build
from cir_bench.protocols.builtin import builtin_protocol
from cir_bench.records.load import StoredRecord
from cir_bench.records.queries import save_queries
from cir_bench.records.record import RunRecord, write_record
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import PartRankings, Ranking
from cir_bench.statistics.queries import QueryResults

CSS = builtin_protocol("css", "test@1")
PLUGIN = {"distribution": "cir-bench", "version": "0.1.0", "object_version": "1"}


class Make(Protocol):
    def __call__(self, name: str = ..., score: float = ..., /, **changes: Any) -> RunRecord: ...


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        merged[key] = _merge(base.get(key) or {}, value) if isinstance(value, dict) and key != "metrics" else value
    return merged


def _make(name: str = "tirg", score: float = 40.0, /, **changes: Any) -> RunRecord:
    """A finished cell of method ``name`` on css with R@1 = ``score``; nested dicts in ``changes`` are merged in."""
    seed = changes.get("cell", {}).get("seed", 0)
    kind = {"random": "sentinel", "constant": "sentinel", "sum": "baseline"}.get(name, "method")
    base: dict[str, Any] = {
        "status": "done",
        "cell": {
            "method": name,
            "benchmark": "css",
            "protocol": "test@1",
            "encoder": "tiny",
            "track": "controlled",
            "seed": 0,
        },
        "ingredients": {"method.version": "1", "encoder.weights": "e" * 64, "protocol.hash": CSS.hash()},
        "method": {
            "kind": kind,
            "summary": name,
            "plugin": PLUGIN,
            "parameters": 1_050_000,
            "trained_parameters": 1_050_000,
        },
        "encoder": {"plugin": PLUGIN, "weights_digest": "e" * 64, "preprocess": "resize 64"},
        "dataset": {"name": "css", "plugin": PLUGIN, "synthetic": True, "n_train": 10_000},
        "protocol": {
            "hash": CSS.hash(),
            "reference": CSS.reference,
            "gallery": CSS.gallery,
            "query_text": CSS.query_text,
            "description": "rendered scenes",
        },
        "n_queries": {"": 2000},
        "n_gallery": {"": 4000},
        "metrics": {"R@10": min(100.0, score + 20), "R@1": score, "R@5": min(100.0, score + 10)},
        "headline": "R@1",
        "cost": {"train_seconds": 61.5, "query_milliseconds": 0.25, "peak_memory_mib": 512.4},
        "environment": {
            "cir_bench": "0.1.0",
            "python": "3.11.4",
            "torch": "2.15.0",
            "platform": "Linux",
            "device": "cpu (x86_64)",
            "precision": "float32",
            "threads": 2,
        },
        "finished": f"2020-01-01T00:00:{seed:02d}Z",
    }
    return RunRecord.model_validate(_merge(base, changes))


def _failed(name: str = "broken", _: float = 0.0, /, **changes: Any) -> RunRecord:
    """A cell of method ``name`` that failed in training, before anything but its name was recorded."""
    failure = {
        "plugin": "cir-bench-broken",
        "version": "0.3",
        "stage": "training",
        "exception": "ValueError: no | such\nthing",
        "hint": "report it to its author",
    }
    nothing = {"method": None, "encoder": None, "dataset": None, "protocol": None, "ingredients": {}, "metrics": {}}
    base = _make(name).model_dump() | nothing | {"n_queries": {}, "n_gallery": {}, "headline": "", "cost": {}}
    return RunRecord.model_validate(_merge(base | {"status": "failed", "failure": failure}, changes))


@pytest.fixture(scope="session")
def make() -> Make:
    return _make


@pytest.fixture(scope="session")
def failed() -> Make:
    return _failed


@pytest.fixture(scope="session")
def only_section() -> Any:
    def only(records: list[RunRecord] | Leaderboard) -> Section:
        leaderboard = records if isinstance(records, Leaderboard) else build(records)
        (section,) = leaderboard.sections
        return section

    return only


class Load(Protocol):
    def __call__(
        self, name: str, hits: NDArray[np.bool_], seed: int, /, known: bool = ..., prefix: str = ..., **changes: Any
    ) -> StoredRecord: ...


def _loaded(
    name: str, hits: NDArray[np.bool_], seed: int, /, known: bool = True, prefix: str = "q", **changes: Any
) -> StoredRecord:
    """A cell that hits at once where ``hits``, else at the second place, with its queries."""
    count = len(hits)
    queries = _results(np.where(hits, 0, 1), prefix)
    metrics = {"R@1": 100.0 * float(hits.mean()), "R@10": 100.0}
    sizes = {"n_queries": {"": count}}
    record = _make(name, 0.0, **({"cell": {"seed": seed}, "metrics": metrics} | sizes | changes))
    return StoredRecord(record, Path(), queries if known else None)


@pytest.fixture(scope="session")
def loaded() -> Load:
    return _loaded


def _results(better: NDArray[np.int64], prefix: str = "q") -> QueryResults:
    """Queries with one target each, at these places (from 0)."""
    count = len(better)
    ranking = Ranking(
        queries=QuerySet(tuple(f"{prefix}-{place}" for place in range(count)), (("x",),) * count),
        n_gallery=4000,
        n_candidates=np.full(count, 3999),
        better=better,
        tied=np.zeros(count, dtype=np.int64),
    )
    return QueryResults.of({"": PartRankings(ranking)}, CSS.metrics, CSS.headline)


def _store(record: RunRecord, folder: Path) -> Path:
    """Write a record with the queries that its metrics follow from, and return the record's path."""
    path = write_record(record, folder)
    if record.status == "done":
        count = record.n_queries[""]
        within = {int(key[2:]): value for key, value in record.metrics.items()}
        better = np.full(count, 1000)
        for depth, value in sorted(within.items(), reverse=True):
            better[: round(value * count / 100)] = depth - 1
        save_queries(_results(better), folder)
    return path


@pytest.fixture(scope="session")
def store() -> Callable[[RunRecord, Path], Path]:
    return _store


@pytest.fixture(scope="session")
def checkout() -> Path:
    return Path(__file__).parents[2]
