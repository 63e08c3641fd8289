"""What `run` would do: the state of every cell, the features to extract, time and disk space.

Imports torch only for cells with a record, which is compared with today's data and encoder, and to count features.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cir_bench.errors import CirBenchError
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord
from cir_bench.runs.cell import Cell
from cir_bench.runs.data_root import no_root
from cir_bench.runs.status import CellState, without_record

if TYPE_CHECKING:
    from cir_bench.features.cache import MissingFeatures
    from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class PlannedCell:
    """A cell, its state, and how long it will take in seconds; None when nothing like it was run here before."""

    cell: Cell
    state: CellState
    seconds: float | None


@dataclass(frozen=True)
class Extraction:
    """Features that a run would extract, of one encoder on one split."""

    encoder: str
    benchmark: str
    split: str
    role: str
    missing: MissingFeatures


@dataclass
class Plan:
    """A whole plan; ``problems`` say why features could not be counted, such as missing data or weights."""

    cells: list[PlannedCell] = field(default_factory=list)
    extractions: list[Extraction] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Estimated time of the cells that have an estimate."""
        return sum(planned.seconds or 0.0 for planned in self.cells if planned.state.status.runs)

    @property
    def unknown(self) -> int:
        """Number of cells to run that have no estimate."""
        return sum(planned.seconds is None and planned.state.status.runs for planned in self.cells)

    @property
    def nbytes(self) -> int:
        """Estimated disk space of the features."""
        return sum(extraction.missing.nbytes for extraction in self.extractions)

    def add_problems(self, sentences: Iterable[str]) -> None:
        """Add problems that no earlier cell has."""
        self.problems += [one for one in dict.fromkeys(sentences) if one and one not in self.problems]


def make_plan(
    cells: Sequence[Cell], open_bench: Callable[[], Workbench], out: Path, data_root: Path | None, *, features: bool
) -> Plan:
    """Look at every cell; nothing is trained, extracted or written.

    The workbench is opened only if there is something to load: for a cell with a record, or to count ``features``.
    """
    known = [without_record(cell, out) for cell in cells]
    loaded = [cell for cell, state in zip(cells, known, strict=True) if state is None or features]
    bench = open_bench() if loaded else None
    if bench is not None:
        bench.lifetimes.plan(loaded)
    records, _ = read_records(out)  # `leaderboard` reports unreadable ones; an estimate can do without them
    finished = [record for record in records.values() if record.status == "done"]
    plan, seen = Plan(), set[tuple[str, ...]]()
    for cell, quick in zip(cells, known, strict=True):
        state = quick or _compared(cell, out, bench)
        plan.cells.append(PlannedCell(cell, state, _estimate(cell, finished)))
        if state.status.runs and features:
            _count(plan, cell, bench, seen)
        elif state.status.runs:
            plan.add_problems(no_root(dataset, data_root) for dataset, _ in cell.datasets)
        if bench is not None and (quick is None or features):
            bench.lifetimes.finish(cell)
    return plan


def _compared(cell: Cell, out: Path, bench: Workbench | None) -> CellState:
    from cir_bench.runs.state import state_of

    assert bench is not None
    return state_of(cell, out, bench)


def _count(plan: Plan, cell: Cell, bench: Workbench | None, seen: set[tuple[str, ...]]) -> None:
    assert bench is not None
    try:
        plan.extractions += _extractions(cell, bench, seen)
    except CirBenchError as error:
        plan.add_problems([str(error)])


def _extractions(cell: Cell, bench: Workbench, seen: set[tuple[str, ...]]) -> list[Extraction]:
    """The extractions of a cell, unless it needs the same features as one that was ``seen``."""
    needs = cell.needs
    levels = (str(sorted(one)) for one in (needs.image, needs.text, needs.joint))
    key = (cell.key.encoder, cell.benchmark.name, cell.sentence, *levels)
    if key in seen:
        return []
    seen.add(key)
    if cell.has_trained_encoder:
        return []
    splits = [bench.data.evaluation_items(cell)]
    if cell.epochs and cell.method.spec.learns:
        splits.append(bench.data.train_items(cell))
    return [
        Extraction(cell.key.encoder, cell.key.benchmark, items.split, role, missing)
        for items in splits
        for role, missing in bench.tables.missing(cell, items).items()
        if missing.items
    ]


def _estimate(cell: Cell, finished: Sequence[RunRecord]) -> float | None:
    """Time of the same method on the same benchmark and encoder before, scaled by the epochs."""
    same = operator.attrgetter("method", "benchmark", "encoder")
    alike = [record for record in finished if (record.limit is None) == (cell.limit is None)]
    like = [record for record in alike if same(record.cell) == same(cell.key)]
    if not like:
        return None
    latest = max(like, key=lambda record: record.finished)
    total = sum(phase.seconds for phase in latest.cost.phases)
    train = latest.cost.train_seconds
    per_epoch = train / max(1, len(latest.history))
    return total - train + (per_epoch * cell.epochs if latest.history else 0.0)
