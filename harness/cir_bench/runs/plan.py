"""What `run` would do: the state of every cell, the features to extract, time, memory and disk space.

Imports torch only for cells with a record, which is compared with today's data and encoder, for those with an artefact,
whose ids are compared with those of the queries, and to count features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cir_bench.errors import CirBenchError, DataError
from cir_bench.protocols.artefact import Artefact, texts_of
from cir_bench.records.load import read_records
from cir_bench.runs.cell import Cell
from cir_bench.runs.costs import CostFile, Size, cost_of, size_of
from cir_bench.runs.data_root import no_root, own_folder
from cir_bench.runs.forecast import Forecast, Forecasts, Wanted
from cir_bench.runs.machine import this_machine
from cir_bench.runs.status import CellState, Status, without_record
from cir_bench.runs.together import AtOnce, Together, together

if TYPE_CHECKING:
    from cir_bench.features.cache import MissingFeatures
    from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class PlannedCell:
    """A cell, its state, and what it will cost; ``misfit`` says which memory is too small for it, if any."""

    cell: Cell
    state: CellState
    forecast: Forecast
    misfit: str = ""


@dataclass(frozen=True)
class Extraction:
    """Features that a run would extract, of one encoder on one split."""

    encoder: str
    benchmark: str
    split: str
    role: str
    missing: MissingFeatures
    seconds: float | None = None
    """None if nothing was encoded by the encoder on this machine before."""


@dataclass
class Plan:
    """A whole plan; ``problems`` say why features could not be counted, such as missing data or weights."""

    cells: list[PlannedCell] = field(default_factory=list)
    extractions: list[Extraction] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    together: Together | None = None
    """The memory of cells that are computed at the same time; None if they are not, or nothing is known."""

    @property
    def seconds(self) -> float:
        """Estimated time of the cells that have an estimate."""
        return sum(planned.forecast.seconds or 0.0 for planned in self.cells if planned.state.status.runs)

    @property
    def extraction_seconds(self) -> float:
        """Estimated time of the extractions that have an estimate."""
        return sum(extraction.seconds or 0.0 for extraction in self.extractions)

    @property
    def unknown(self) -> int:
        """Number of cells to run that have no estimate."""
        return sum(planned.forecast.seconds is None and planned.state.status.runs for planned in self.cells)

    @property
    def nbytes(self) -> int:
        """Estimated disk space of the features."""
        return sum(extraction.missing.nbytes for extraction in self.extractions)

    def add_problems(self, sentences: Iterable[str]) -> None:
        """Add problems that no earlier cell has."""
        self.problems += [one for one in dict.fromkeys(sentences) if one and one not in self.problems]


def make_plan(
    cells: Sequence[Cell],
    open_bench: Callable[[], Workbench],
    out: Path,
    data_root: Path | None,
    cache_dir: Path,
    device: str,
    *,
    features: bool,
    at_once: AtOnce | None = None,
) -> Plan:
    """Look at every cell; nothing is trained, extracted or written.

    What cells cost is predicted for ``device`` from ``cache_dir`` and the records in ``out``. The workbench is opened
    only if there is something to load: for a cell with a record or an artefact, or to count ``features``. ``at_once``:
    how many cells are computed at the same time.
    """
    known = [without_record(cell, out) for cell in cells]
    loads = [
        state is None or features or (state.status.runs and cell.artefact is not None)
        for cell, state in zip(cells, known, strict=True)
    ]
    loaded = [cell for cell, load in zip(cells, loads, strict=True) if load]
    bench = open_bench() if loaded else None
    if bench is not None:
        bench.lifetimes.plan(loaded)
    records, _ = read_records(out)  # `leaderboard` reports unreadable ones; an estimate can do without them
    costs = [cost for record in records.values() if (cost := cost_of(record)) is not None]
    forecasts = Forecasts([*CostFile(cache_dir).read(), *costs], this_machine(device))
    plan, seen = Plan(), set[tuple[str, ...]]()
    for cell, quick, load in zip(cells, known, loads, strict=True):
        state = quick or _compared(cell, out, bench)
        if state.status.runs and cell.artefact is not None:
            state = _with_artefact(plan, cell, cell.artefact, state, bench)
        plan.cells.append(_planned(cell, state, forecasts, bench if features else None))
        if state.status.runs and features:
            _count(plan, cell, bench, seen, forecasts)
        elif state.status.runs:
            plan.add_problems(say(dataset, data_root) for dataset, _ in cell.datasets for say in (no_root, own_folder))
        if bench is not None and load:
            bench.lifetimes.finish(cell)
    if at_once is not None:
        to_run = [one.forecast for one in plan.cells if one.state.status.runs]
        plan.together = together(to_run, at_once, forecasts.machine)
    return plan


def _compared(cell: Cell, out: Path, bench: Workbench | None) -> CellState:
    from cir_bench.runs.state import state_of

    assert bench is not None
    return state_of(cell, out, bench)


def _with_artefact(plan: Plan, cell: Cell, artefact: Artefact, state: CellState, bench: Workbench | None) -> CellState:
    """``state``, or refused if the ids of the artefact are not those of the cell's queries."""
    assert bench is not None
    try:
        queries = bench.datasets.of(cell).queries(cell.protocol.split)
    except CirBenchError as error:  # whether they fit is not known
        plan.add_problems([str(error)])
        return state
    try:
        texts_of(artefact, queries)
    except DataError as error:
        return CellState(Status.REFUSED, str(error))
    return state


def _planned(cell: Cell, state: CellState, forecasts: Forecasts, bench: Workbench | None) -> PlannedCell:
    forecast = forecasts.of(Wanted.of_cell(cell), lambda: None if bench is None else _loaded_size(cell, bench))
    return PlannedCell(cell, state, forecast, forecast.misfit(forecasts.machine) if state.status.runs else "")


def _loaded_size(cell: Cell, bench: Workbench) -> Size | None:
    try:
        evaluation = bench.data.evaluation(cell)
        examples = bench.data.train(cell).size if cell.trains and cell.weights is None else 0
    except CirBenchError:  # counting its features says why
        return None
    return size_of(examples, evaluation.n_queries, evaluation.n_gallery)


def _count(plan: Plan, cell: Cell, bench: Workbench | None, seen: set[tuple[str, ...]], forecasts: Forecasts) -> None:
    assert bench is not None
    try:
        plan.extractions += _extractions(cell, bench, seen, forecasts)
    except CirBenchError as error:
        plan.add_problems([str(error)])


def _extractions(cell: Cell, bench: Workbench, seen: set[tuple[str, ...]], forecasts: Forecasts) -> list[Extraction]:
    """The extractions of a cell, unless it needs the same features as one that was ``seen``."""
    needs = cell.needs
    levels = (str(sorted(one)) for one in (needs.image, needs.text, needs.joint))
    key = (cell.key.encoder, cell.benchmark.name, cell.sentence, *levels)
    if key in seen:
        return []
    seen.add(key)
    splits = [bench.data.evaluation_items(cell)]
    if cell.epochs and cell.method.spec.learns:
        splits.append(bench.data.train_items(cell))
    if cell.has_trained_encoder:  # nothing is extracted, but data that are missing are missing here, too
        return []
    encoder = cell.key.encoder
    return [
        Extraction(
            *(encoder, cell.key.benchmark, items.split, role, missing),
            seconds=forecasts.extracting(encoder, role, missing.items),
        )
        for items in splits
        for role, missing in bench.tables.missing(cell, items).items()
        if missing.items
    ]
