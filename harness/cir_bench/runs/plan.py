"""What `run` would do: the state of every cell, features to extract, time and disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cir_bench.errors import CirBenchError
from cir_bench.features.cache import MissingFeatures
from cir_bench.params.models import Training
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord
from cir_bench.runs.cell import Cell
from cir_bench.runs.state import Kind, State, state_of
from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class PlannedCell:
    """A cell, its state, and how long it will take (seconds; None: nothing like it was ever run here)."""

    cell: Cell
    state: State
    seconds: float | None


@dataclass(frozen=True)
class Extraction:
    """Features that a run would extract: for one encoder on one split."""

    encoder: str
    benchmark: str
    split: str
    role: str
    missing: MissingFeatures


@dataclass
class Plan:
    """A whole plan."""

    cells: list[PlannedCell] = field(default_factory=list)
    extractions: list[Extraction] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Why features could not be counted: missing data, missing weights."""

    @property
    def seconds(self) -> float:
        """Estimated time of the cells for which there is an estimate."""
        return sum(planned.seconds or 0.0 for planned in self.cells if _runs(planned.state))

    @property
    def unknown(self) -> int:
        """Cells to run for which there is no estimate."""
        return sum(planned.seconds is None and _runs(planned.state) for planned in self.cells)

    @property
    def nbytes(self) -> int:
        """Estimated disk space of the features."""
        return sum(extraction.missing.nbytes for extraction in self.extractions)


def make_plan(cells: Sequence[Cell], bench: Workbench, out: Path) -> Plan:
    """Look at every cell; nothing is trained, extracted or written."""
    plan = Plan()
    finished = _finished(out)
    seen: set[tuple[str, ...]] = set()
    for cell in cells:
        state = state_of(cell, out, bench)
        plan.cells.append(PlannedCell(cell, state, _estimate(cell, finished)))
        if not _runs(state):
            continue
        key = (cell.key.encoder, cell.benchmark.name, str(sorted(cell.needs.image)), str(sorted(cell.needs.text)))
        if key in seen:
            continue
        seen.add(key)
        try:
            plan.extractions += _extractions(cell, bench)
        except CirBenchError as error:
            if str(error) not in plan.problems:
                plan.problems.append(str(error))
    return plan


def _runs(state: State) -> bool:
    return state.kind in {Kind.TO_DO, Kind.STALE, Kind.INTERRUPTED}


def _extractions(cell: Cell, bench: Workbench) -> list[Extraction]:
    if any(cell.trains_encoder(training) and training.epochs > 0 for training in cell.stage_settings().values()):
        return []
    evaluation = bench.evaluation(cell)
    wanted: dict[str, tuple[Sequence[str], Sequence[str]]] = {
        cell.protocol.split: (evaluation.images(), evaluation.texts())
    }
    if any(training.epochs > 0 for training in cell.stage_settings().values()) and cell.method.spec.learns:
        wanted["train"] = bench.train_items(cell)
    found = []
    for split, (images, texts) in wanted.items():
        for role, missing in bench.missing(cell, images, texts, split).items():
            if missing.items:
                found.append(Extraction(cell.key.encoder, cell.key.benchmark, split, role, missing))
    return found


def _finished(out: Path) -> list[RunRecord]:
    records, _ = read_records(out)  # `leaderboard` reports unreadable ones; an estimate can do without them
    return [record for record in records.values() if record.status == "done"]


def _estimate(cell: Cell, finished: Sequence[RunRecord]) -> float | None:
    """Time of the same method on the same benchmark and encoder before, scaled by the epochs."""
    like = [
        record
        for record in finished
        if (record.cell.method, record.cell.benchmark, record.cell.encoder)
        == (cell.key.method, cell.key.benchmark, cell.key.encoder)
    ]
    if not like:
        return None
    latest = max(like, key=lambda record: record.finished)
    total = sum(phase.seconds for phase in latest.cost.phases)
    train = latest.cost.train_seconds
    epochs = sum(training.epochs for training in cell.stage_settings().values() if isinstance(training, Training))
    per_epoch = train / max(1, len(latest.history))
    return total - train + (per_epoch * epochs if latest.history else 0.0)
