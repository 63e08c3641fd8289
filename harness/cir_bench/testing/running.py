"""`RunContract`."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from cir_bench.config import merge
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.registry import Registry
from cir_bench.records.rankings import load_ranking, ranking_path
from cir_bench.records.record import RunRecord
from cir_bench.retrieval.ranking import Ranking
from cir_bench.runs.device import peak_mib, reset_peak
from cir_bench.runs.execute import CellRun
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve
from cir_bench.runs.workbench import Workbench
from cir_bench.testing import generated
from cir_bench.testing.artefacts import generated_artefacts
from cir_bench.testing.asserts import assert_same_items
from cir_bench.testing.base import Contract

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Finished:
    """Results of a run: its record, the rankings of the test split, and its cost."""

    record: RunRecord
    ranking: Ranking
    seconds: float
    """Processor time, which does not depend on how busy the machine is."""
    mib: float
    """Peak memory, above that of the process before."""


def run_generated(
    registry: Registry, method: str, settings: Mapping[str, Any] | None = None, encoder: str = generated.NAME
) -> Finished:
    """Train and evaluate a method on the generated benchmark, as ``cir-bench run`` does; seed 0, on the CPU.

    The registry includes the plugin `generated`. Settings are nested parameters, as of ``--set``. A method that reads
    an artefact gets the modification texts as its texts.
    """
    with tempfile.TemporaryDirectory(prefix="cir-bench-") as name:
        out = Path(name)
        where = {"benchmarks": (generated.NAME,), "encoders": (encoder,), "out": out}
        where["artefacts"] = generated_artefacts(registry, method, out)
        request = RunRequest(methods=(method,), settings=dict(settings or {}), **where)
        (cell,) = resolve(request, registry)
        bench = Workbench(data_root=None, cache_dir=out / "cache", device=CPU)
        reset_peak(CPU)
        before, started = peak_mib(CPU), time.process_time()
        cell.folder(out).mkdir(parents=True)
        record = CellRun(cell, bench, registry, out).run()
        seconds, mib = time.process_time() - started, max(0.0, peak_mib(CPU) - before)
        return Finished(record, load_ranking(ranking_path(cell.folder(out), "")), seconds, mib)


class RunContract(Contract):
    """A method, trained and evaluated by the harness on a small generated benchmark: set ``name``.

    `MethodContract` works on random features; these checks are end to end. ``params`` are the method's parameters.
    """

    encoder: ClassVar[str] = generated.NAME
    """``NAME`` or ``NAME:ARGUMENT``; another one for a method that needs a particular encoder."""
    max_seconds: ClassVar[float] = 60.0
    """Limit of a run's processor time, training (five hundred triplets, three epochs) and evaluation together."""
    max_mib: ClassVar[float] = 1024.0
    """Limit of a run's memory, above that of the process before."""

    _own_files: ClassVar[tuple[Path, ...]] = (generated.FILE,)
    _runs: ClassVar[dict[tuple[str, str], Finished | Exception]]

    def finished(self, run: str = "plain", **dataset: str) -> Finished:
        """One of the variant's runs, with some parameters of the data set; trained once, raises what went wrong."""
        if "_runs" not in vars(type(self)):
            type(self)._runs = {}
        key = self.variant, run
        if key not in self._runs:
            try:
                settings = merge({"dataset": dataset} if dataset else {}, {self.name: dict(self.parameters())})
                self._runs[key] = run_generated(self.registry(), self.name, settings, self.encoder)
            except Exception as error:
                self._runs[key] = error
        found = self._runs[key]
        if isinstance(found, Exception):
            raise found
        return found

    def plain(self) -> Finished:
        """The plain run; skips the check when it fails, which has its own check."""
        try:
            return self.finished()
        except Exception as error:
            pytest.skip(f"it does not run: {type(error).__name__}")

    def test_it_trains_and_ranks_the_gallery(self) -> None:
        """Every epoch has finite losses; every query has a full list of candidates; metrics are percentages."""
        self.find(MethodSpec)
        finished = self.finished()
        for epoch in finished.record.history:
            assert all(map(math.isfinite, epoch.terms.values())), f"{epoch.stage}, epoch {epoch.epoch}: {epoch.terms}"
        assert finished.record.metrics
        assert all(0 <= value <= 100 for value in finished.record.metrics.values()), finished.record.metrics
        ranking = finished.ranking
        fewest = min(ranking.top_k, ranking.n_gallery - 1)  # the reference is removed
        short = [len(top) for top in ranking.top_ids if len(top) < fewest]
        assert not short, f"{len(short)} queries have lists of fewer than {fewest} candidates"

    def test_one_seed_one_result(self) -> None:
        """Trained and evaluated again, it gives the same scores."""
        first, second = self.plain().ranking, self.finished("again").ranking
        assert_same_items(second.top_ids, first.top_ids, "two runs with one seed rank differently")
        assert_same_scores(second, first, "two runs with one seed")

    def test_empty_and_one_word_texts_are_answered(self) -> None:
        """A query with an empty text, and one with a single word, have finite scores; training has such texts too."""
        ranking = self.plain().ranking
        assert ranking.top_scores is not None
        for query in (generated.EMPTY, generated.ONE_WORD):
            row = ranking.queries.ids.index(query)
            scores = ranking.top_scores[row, : len(ranking.top_ids[row])]
            assert np.isfinite(scores).all(), f"the query {query} has the scores {scores[:5]}"

    def test_targets_of_the_evaluation_are_not_seen(self) -> None:
        """With other targets annotated for the test queries, it ranks exactly as before."""
        right, rotated = self.plain().ranking, self.finished("targets", targets="rotated").ranking
        assert rotated.queries.targets != right.queries.targets
        assert_same_items(rotated.top_ids, right.top_ids, "other targets of the test queries gave other rankings")

    def test_the_order_of_the_gallery_does_not_matter(self) -> None:
        """With the candidates in reverse order, every query has the same scores."""
        assert_same_scores(self.finished("gallery", gallery="backwards").ranking, self.plain().ranking, "backwards")

    def test_time_and_memory_are_bounded(self, record_property: Any) -> None:
        """It stays within ``max_seconds`` and ``max_mib``; the measured cost is noted."""
        finished = self.plain()
        cost, parameters = finished.record.cost, finished.record.method.parameters if finished.record.method else 0
        took = f"{finished.seconds:.1f} s, {cost.query_milliseconds:.2f} ms per query, {finished.mib:.0f} MiB"
        record_property("note", f"{took}, {parameters:,} parameters")
        assert finished.seconds <= self.max_seconds, f"it took {took}; max_seconds is {self.max_seconds:g}"
        assert finished.mib <= self.max_mib, f"it took {took}; max_mib is {self.max_mib:g}"


def assert_same_scores(found: Ranking, expected: Ranking, what: str) -> None:
    """Every query's scores, best first, are equal up to rounding."""
    assert found.top_scores is not None
    assert expected.top_scores is not None
    close = np.isclose(found.top_scores, expected.top_scores, rtol=1e-3, atol=1e-4, equal_nan=True)
    same: NDArray[np.bool_] = np.atleast_1d(np.all(close, axis=1))
    wrong = [query for query, fine in zip(found.queries.ids, same, strict=True) if not fine]
    assert not wrong, f"{what}: the scores of {len(wrong)} of {len(same)} queries differ, those of {wrong[0]} first"
