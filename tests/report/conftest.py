"""Records as runs write them, in sections ready to be shown; a real run on the toy benchmark; pages in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.browsers import open_browser

from cir_bench.cli.app import main
from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.find import known_protocols
from cir_bench.records.load import load_records
from cir_bench.records.queries import save_queries
from cir_bench.records.rankings import ranking_path, save_ranking
from cir_bench.records.record import RunRecord, write_record
from cir_bench.records.tuning import TuningRecord, write_tuning
from cir_bench.report import ReportSection, report_sections
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import PartRankings, Ranking
from cir_bench.statistics.queries import QueryResults

PLUGIN = {"distribution": "cir-bench", "version": "0.1.0", "object_version": "1"}
TOY = Path(__file__).parents[1] / "support" / "toy_plugin.py"
MADE_UP = Path(__file__).with_name("made-up.yaml")
PROTOCOL = load_benchmark(MADE_UP).protocols["test@1"]
N = 40
"""Queries of a synthetic cell; half of them have the tag ``kind:odd``."""


def _merge(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in changes.items():
        base[key] = _merge(base.get(key) or {}, value) if isinstance(value, dict) else value
    return base


def _ranking(quality: float, seed: int) -> Ranking:
    """Ranks of N queries, better with higher quality, among 60 candidates."""
    generator = np.random.default_rng(seed)
    ids = tuple(f"q{number}" for number in range(N))
    ranks = generator.geometric(quality, size=N).clip(1, 60) - 1
    names = [f"image-{number}" for number in range(60)]
    tops = []
    for number, rank in enumerate(ranks.tolist()):
        others = [name for name in names if name != f"image-{number}"]
        tops.append(tuple([*others[:rank], f"image-{number}", *others[rank:]][:50]))
    tags = tuple(("kind:odd",) if number % 2 else ("kind:even",) for number in range(N))
    queries = QuerySet(ids, tuple((f"image-{number}",) for number in range(N)), tags=tags)
    counts = np.full(N, 60)
    return Ranking(queries, 60, counts, ranks, np.zeros(N, dtype=np.int64), tuple(tops))


@pytest.fixture
def cell(tmp_path: Path) -> Callable[..., RunRecord]:
    """``cell("tirg", 0.3, seed=1, variant="training.lr=0.1")`` writes a finished cell below ``tmp_path / "runs"``.

    Its rankings and queries are next to it, and its metrics are theirs, unless ``kept`` is false.
    """

    def write(
        name: str, quality: float = 0.3, *, seed: int = 0, variant: str = "", kept: bool = True, **changes: Any
    ) -> RunRecord:
        ranking = _ranking(quality, seed + sum(map(ord, name)))
        ranks = ranking.better
        metrics = {f"R@{k}": float(100 * (ranks < k).mean()) for k in (1, 5, 10, 50)}
        odd = np.arange(N) % 2 == 1
        kind = {"random": "sentinel", "sum": "baseline"}.get(name, "method")
        learned = 0 if kind != "method" else 1_000 * len(name)
        base: dict[str, Any] = {
            "status": "done",
            "cell": {
                "method": name,
                "benchmark": "made-up",
                "protocol": "test@1",
                "encoder": "tiny",
                "track": "controlled",
                "seed": seed,
                "variant": variant,
            },
            "ingredients": {"method.version": "1", "encoder.weights": "e" * 64, "protocol.hash": PROTOCOL.hash()},
            "config": {"method": {"training": {"lr": 0.01, "epochs": 3}, "ablation": "none"}},
            "method": {
                "kind": kind,
                "summary": name,
                "plugin": PLUGIN,
                "parameters": learned,
                "trained_parameters": learned,
            },
            "encoder": {"plugin": PLUGIN, "weights_digest": "e" * 64, "preprocess": "resize 64"},
            "dataset": {"name": "made-up", "plugin": PLUGIN, "synthetic": True, "n_train": 10_000},
            "protocol": {
                "hash": PROTOCOL.hash(),
                "reference": PROTOCOL.reference,
                "gallery": PROTOCOL.gallery,
                "query_text": PROTOCOL.query_text,
            },
            "n_queries": {"": N},
            "n_gallery": {"": 60},
            "metrics": metrics,
            "tags": {
                f"kind:{word}": {"n": float(mask.sum()), "R@1": float(100 * (ranks[mask] < 1).mean())}
                for word, mask in (("odd", odd), ("even", ~odd))
            },
            "headline": "R@1",
            "history": [
                {"stage": "all", "epoch": e, "terms": {"rank": 2 / (e + 1)}, "selection": 10.0 + e, "seconds": 1}
                for e in range(3 if learned else 0)
            ],
            "cost": {"train_seconds": 61.5, "query_milliseconds": 0.25, "peak_memory_mib": 900},
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
        record = RunRecord.model_validate(_merge(base, changes))
        folder = tmp_path / "runs" / f"{len(list((tmp_path / 'runs').glob('*'))):03d}"
        write_record(record, folder)
        if kept:
            save_ranking(ranking, ranking_path(folder, ""))
            results = QueryResults.of({"": PartRankings(ranking)}, tuple(metrics), PROTOCOL.headline)
            save_queries(results, folder)
        return record

    return write


def _tuning(method: str, scores: Sequence[float | None]) -> TuningRecord:
    key = {"benchmark": "made-up", "protocol": "test@1", "encoder": "tiny", "track": "controlled", "seed": 0}
    trials = [
        {"values": {"training.lr": number / 100}, "state": "finished" if score else "failed", "score": score}
        for number, score in enumerate(scores, start=1)
    ]
    return TuningRecord.model_validate(
        {"cell": {"method": method, **key}, "epochs": 30, "seed": 0, "space": {}, "trials": trials}
    )


@pytest.fixture
def tuned_cell(cell: Callable[..., RunRecord], tmp_path: Path) -> Callable[..., RunRecord]:
    """``tuned_cell("tirg", 0.3, trials=20)``: as `cell`, with parameters tuned in that many trials of 30 epochs.

    With ``scores``, those of the trials in percent, the tuning itself is below ``tmp_path / "runs"``.
    """

    def write(
        name: str, quality: float = 0.3, *, trials: int = 20, scores: Sequence[float | None] = (), **changes: Any
    ) -> RunRecord:
        facts = {"trials": trials, "epochs": 30, "score": 40.0, "digest": f"{trials:064x}"}
        if scores:
            tuning = _tuning(name, scores)
            write_tuning(tuning, tmp_path / "runs" / "tuning" / name)
            facts = tuning.facts().model_dump()
        variant = f"tuned={facts['trials']}x30"
        return cell(name, quality, variant=variant, tuning=facts, ingredients={"tuning": facts["digest"]}, **changes)

    return write


@pytest.fixture
def failed_cell(tmp_path: Path) -> Callable[..., None]:
    """``failed_cell("broken", exception="…")``: a cell that did not run, of the same benchmark."""

    def write(name: str, **failure: str) -> None:
        facts = {
            "plugin": "cir-bench-x",
            "version": "0.3",
            "stage": "training",
            "exception": "ValueError: no",
            "hint": "",
        }
        key = {"benchmark": "made-up", "protocol": "test@1", "encoder": "tiny", "track": "controlled", "seed": 0}
        record = {
            "status": "failed",
            "cell": {"method": name, **key},
            "failure": facts | failure,
            "finished": "2020-01-01T00:00:00Z",
        }
        write_record(RunRecord.model_validate(record), tmp_path / "runs" / f"failed-{name.encode().hex()[:20]}")

    return write


@pytest.fixture
def shown(tmp_path: Path) -> Callable[[], tuple[ReportSection, ...]]:
    """The sections of the cells that were written."""

    def load() -> tuple[ReportSection, ...]:
        found, sentences = load_records([tmp_path / "runs"], known_protocols([MADE_UP]))
        assert not sentences, sentences
        return report_sections(found)

    return load


class Toy:
    """A run of three methods on the toy benchmark, and reports of it."""

    def __init__(self, root: Path) -> None:
        self.runs, self.cache = root / "runs", root / "cache"
        self.common = ["--plugin", str(TOY), "--cache-dir", str(self.cache)]
        words = ["run", *self.common, "-b", "toy", "-m", "sum", "-m", "tirg", "-m", "sadn", "-m", "random"]
        assert main([*words, "--device", "cpu", "--out", str(self.runs)]) == 0

    def report(self, out: Path, *options: str, records: Path | None = None) -> int:
        """The exit code of ``cir-bench report``."""
        return main(["report", *self.common, "--records", str(records or self.runs), "--out", str(out), *options])


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return Toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for the tests of a file: a thread can hold one at a time, and other folders open theirs."""
    pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright, of .[test]")
    yield from open_browser()


class _Texts(HTMLParser):
    """Visible texts and every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


class Parsed:
    """A page taken apart."""

    def __init__(self, text: str) -> None:
        parser = _Texts()
        parser.feed(text)
        self.tags = parser.tags
        self.text = re.sub(r"\s+", " ", " ".join(parser.texts))

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        """The attributes of every tag of that name."""
        return (attributes for name, attributes in self.tags if name == tag)


@pytest.fixture(scope="session")
def parse() -> type[Parsed]:
    return Parsed
