"""`CellRun`: one cell from start to record."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import torch

from cir_bench.errors import PairingError, printable, unwritable
from cir_bench.evaluation.measure import EvaluationResult, measure
from cir_bench.features.chunks import Chunks
from cir_bench.inference.rank import Ranked
from cir_bench.interfaces.events import Announce, unheard
from cir_bench.interfaces.method import Method
from cir_bench.plugin.registry import Registry, blame
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.ranks.group import RankFailedError
from cir_bench.records.cost import Cost, Phase
from cir_bench.records.models import EpochLog, Failure, WeightsFacts
from cir_bench.records.queries import save_queries
from cir_bench.records.rankings import ranking_digests, save_part
from cir_bench.records.record import RunRecord, write_record
from cir_bench.retrieval.ranking import PartRankings
from cir_bench.runs import facts
from cir_bench.runs.assembly import AssembledCell, assemble
from cir_bench.runs.cell import Cell
from cir_bench.runs.cuts import cuts_of
from cir_bench.runs.device import environment
from cir_bench.runs.failures import circumstances, known_of
from cir_bench.runs.ingredients import fingerprint, ingredients
from cir_bench.runs.memory import encode_less
from cir_bench.runs.published import load_published
from cir_bench.runs.status import CHECKPOINTS, SCRATCH
from cir_bench.runs.workbench import Workbench
from cir_bench.statistics.queries import QueryResults
from cir_bench.training.checkpoints import discard_state
from cir_bench.training.state import TrainState


class CellRun:
    """Runs one cell, below the folder ``out``; when it fails, :meth:`failed` says how far it came."""

    def __init__(
        self, cell: Cell, bench: Workbench, registry: Registry, out: Path, announce: Announce = unheard
    ) -> None:
        self._cell, self._bench, self._registry, self._announce = cell, bench, registry, announce
        self._folder, self._ranks = cell.folder(out), bench.ranks
        self._phases: list[Phase] = []
        self._stage = "preparing"
        self._found: dict[str, str] = {}

    def run(self) -> RunRecord:
        """Train, evaluate, and write the record of a finished cell; raises whatever went wrong.

        Of several ranks, the first one writes, and all return its record.
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default", UserWarning)
            record = self._run()
        notes = dict.fromkeys(printable(str(w.message)) for w in caught if issubclass(w.category, UserWarning))
        record = record.model_copy(update={"warnings": (*record.warnings, *notes)})

        def written() -> RunRecord:
            with self._writing():
                write_record(record, self._folder)
            self._bench.costs.add_cell(record)
            tidy(self._folder)
            return record

        return self._ranks.agree(written)

    def _run(self) -> RunRecord:
        cell, bench = self._cell, self._bench
        if cell.refusal:
            self._stage = "pairing"
            raise PairingError(cell.refusal)
        bench.start()
        with self._phase("preparing"):
            self._found = found = self._ranks.agree(lambda: ingredients(cell, bench))
            evaluation = bench.data.evaluation(cell)
        assembled, trained = self._trained(found)
        weights = load_published(assembled) if cell.weights else None
        assembled.trainee.eval()
        with self._phase("extracting features"):
            source = assembled.sources.for_evaluation(trained is not None and trained.touched)
        with self._phase("ranking"), blame(cell.method, "ranking the gallery"):
            ranked = assembled.rank(source, evaluation, subset=cell.protocol.subset)

        def evaluated() -> RunRecord:
            with self._phase("evaluating"):
                result = self._evaluate(ranked.parts, evaluation)
            return self._record(assembled.method, evaluation, trained, weights, ranked, result, found)

        return self._ranks.agree(evaluated)

    def _trained(self, found: Mapping[str, str]) -> tuple[AssembledCell, TrainState | None]:
        """The cell, trained if it learns; when the memory is used up, from the last epoch, encoding less at a time."""
        chunks = Chunks()
        while True:
            with self._phase("preparing"):
                assembled = assemble(
                    self._cell, self._bench, self._registry, self._folder, self._announce, chunks=chunks
                )
            trained = self._train(assembled, fingerprint(found, self._cell.key.seed)) if assembled.learns else None
            if trained is not None or not assembled.learns:
                return assembled, trained
            encode_less(assembled, chunks)
            del assembled  # so that the next one has its memory

    def _train(self, assembled: AssembledCell, mark: str) -> TrainState | None:
        """None when the device's memory was used up."""
        with self._phase("preparing"):
            trainer = assembled.trainer(mark)
        if not assembled.trainee.encoders and self._cell.epochs:
            with self._phase("extracting features"):
                assembled.sources.for_stage(trains_encoder=False, encoders_changed=False)
        with self._phase("training"), blame(self._cell.method, "training"):
            try:
                return trainer.run()
            except torch.OutOfMemoryError:
                return None  # without the error, whose traceback holds what is in memory

    def _evaluate(self, parts: Mapping[str, PartRankings], evaluation: EvalSet) -> EvaluationResult | None:
        """Save the rankings, and measure them unless their targets are hidden."""
        protocol = self._cell.protocol
        with self._writing():
            for name, part in parts.items():
                save_part(part, self._folder, name)
        if evaluation.hidden:
            return None
        with self._writing():
            save_queries(QueryResults.of(parts, protocol.metrics, protocol.headline), self._folder)
        return measure(parts, protocol.metrics, headline=protocol.headline.mean_of)

    def _record(
        self,
        method: Method,
        evaluation: EvalSet,
        trained: TrainState | None,
        weights: WeightsFacts | None,
        ranked: Ranked,
        result: EvaluationResult | None,
        found: Mapping[str, str],
    ) -> RunRecord:
        cell, bench, protocol = self._cell, self._bench, self._cell.protocol
        data = bench.data.train(cell) if trained else None
        n_queries = sum(evaluation.n_queries.values())
        cuts = cuts_of(cell, bench, data)
        return RunRecord(
            status="done",
            cell=cell.key,
            ingredients=dict(found),
            config=cell.config(),
            method=facts.of_method(cell, method, trained),
            encoder=facts.of_encoder(cell, bench, cuts),
            dataset=facts.of_dataset(cell, bench, evaluation, data),
            protocol=facts.of_protocol(protocol),
            training_data=facts.training_data(cell, weights, learned=trained is not None),
            n_queries=evaluation.n_queries,
            n_gallery=evaluation.n_gallery,
            limit=facts.of_limit(cell, evaluation, facts.whole_examples(cell, bench, data)),
            metrics={**result.metrics, protocol.headline.name: result.headline or 0.0} if result else {},
            hidden=result is None,
            headline=protocol.headline.name if result else "",
            rankings=ranking_digests(self._folder),
            tags=result.tags if result else {},
            history=tuple(EpochLog(**vars(epoch)) for epoch in trained.history) if trained else (),
            tuning=cell.tuned,
            weights=weights,
            artefact=facts.of_artefact(cell),
            rerank=facts.of_rerank(cell, method),
            selection=facts.of_selection(cell, trained, data),
            cost=Cost(
                phases=tuple(self._phases),
                train_seconds=sum(epoch.seconds for epoch in trained.history) if trained else 0.0,
                query_milliseconds=1000 * ranked.query_seconds / max(1, n_queries),
                **bench.measured(),
            ),
            environment=environment(bench.device, cell.precision, self._ranks.size),
            warnings=(*facts.notes(cell, bench, evaluation, data), *cuts.notes),
            finished=_now(),
        )

    def failed(self, error: BaseException) -> RunRecord:
        """Write and return the record of a cell that could not be finished, and tell the other ranks."""
        if isinstance(error, RankFailedError):
            failure: Failure = error.failure
        else:
            failure = facts.of_failure(error, self._cell.method, self._stage)
            self._ranks.fail(failure)
        record = self.unfinished(failure)
        known = known_of(error, self._found, self._cell, self._bench)
        record = record.model_copy(update={"ingredients": {**record.ingredients, **known}})
        if not self._ranks.first:
            return record
        try:
            write_record(record, self._folder)
        except OSError as unwritten:
            said = f"{failure.exception.rstrip('.')}; its record cannot be written, either ({unwritten.strerror})"
            record = record.model_copy(update={"failure": failure.model_copy(update={"exception": said})})
        return record

    def unfinished(self, failure: Failure) -> RunRecord:
        """The record of the cell if it ended now, with this failure."""
        cell = self._cell
        return RunRecord(
            status="failed",
            cell=cell.key,
            ingredients=circumstances(cell, self._bench),
            config=cell.config(),
            protocol=facts.of_protocol(cell.protocol),
            limit=facts.of_limit(cell),
            failure=failure,
            cost=Cost(phases=tuple(self._phases), peak_memory_mib=self._bench.peak_mib),
            environment=environment(self._bench.device, cell.precision, self._ranks.size),
            finished=_now(),
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable(str(error.filename or self._folder), error) from error

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self._stage = name
        started = time.perf_counter()
        try:
            yield
        finally:
            self._phases.append(Phase(name=name, seconds=time.perf_counter() - started))


def tidy(folder: Path) -> None:
    """Delete what is of no use once the record of the cell in ``folder`` is written."""
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    discard_state(folder / CHECKPOINTS)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
