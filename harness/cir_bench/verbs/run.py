"""`run`: train and evaluate cells from Python, as ``cir-bench run`` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cir_bench.interfaces.events import CellFinished
from cir_bench.leaderboards import Leaderboard, build
from cir_bench.records.load import StoredRecord
from cir_bench.records.record import RunRecord
from cir_bench.verbs.arguments import choice_of, nested_values
from cir_bench.verbs.engine import EngineChoice, RunFlags
from cir_bench.verbs.frames import cell_row, frame
from cir_bench.verbs.perform import RunCall, records_of, write_leaderboard
from cir_bench.verbs.settings import TERMINAL, Loading, problems_of, settings_of, several
from cir_bench.verbs.tables import BoardResult

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from cir_bench.verbs.choice import RunSetup


@dataclass(frozen=True, repr=False)
class RunResult(BoardResult):
    """What became of the cells of a run. It iterates over their records, and shows them as a table.

    Attributes:
        cells: what became of each cell, in order; ``outcome`` says it in a word.
        records: the records of all cells that have one, also of those that were run before or failed.
        out: the folder of the records.
        notes: what else there is to know, one sentence each: what was left out, records and plugins that are damaged.
    """

    cells: tuple[CellFinished, ...]
    records: tuple[RunRecord, ...]
    out: Path
    notes: tuple[str, ...] = ()
    _board: Leaderboard = field(default_factory=lambda: Leaderboard(sections=()))

    @property
    def failed(self) -> tuple[CellFinished, ...]:
        """The cells that failed, now or before; ``reason`` says why."""
        return tuple(event for event in self.cells if event.failed)

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` with a row for each record; every metric (percent) is a column of its own name."""
        events = {event.cell: event for event in self.cells}
        return frame(cell_row(record, events[record.cell]) for record in self.records)


def run(
    *,
    methods: str | Sequence[str] | None = None,
    benchmarks: str | Sequence[str] | None = None,
    encoders: str | Sequence[str] | None = None,
    seeds: int | None = None,
    settings: Mapping[str, Any] | None = None,
    limit: int | None = None,
    out: str | Path | None = None,
    all_methods: bool = False,
    track: str | None = None,
    device: str | None = None,
    precision: str | None = None,
    config: str | Path | None = None,
    suite: str | None = None,
    tuned: str | Path | None = None,
    weights: str | Sequence[str] | None = None,
    artefacts: str | Sequence[str] | None = None,
    allow_partial: bool = False,
    decode_jpeg: str | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    workers: int | None = None,
    cell_timeout: float | None = None,
    on: str | None = None,
    max_cells: int | None = None,
    gpus_per_cell: float | None = None,
    cpus_per_cell: int | None = None,
    retries: int | None = None,
    partition: str | None = None,
    time: str | None = None,
    on_set: Mapping[str, Any] | None = None,
    track_with: str | Sequence[str] | None = None,
    progress: bool = False,
    **loading: Unpack[Loading],
) -> RunResult:
    """Train and evaluate every cell that is not done; what is done is read back.

    The arguments are the options of ``cir-bench run`` (``methods`` is ``-m``, ``benchmarks`` ``-b``, ``encoders``
    ``-e``, ``all_methods`` ``--all``, ``settings`` ``--set``); where one or several are taken, one needs no list.
    ``settings`` and ``on_set`` are dictionaries, nested or with dotted keys: ``{"training.epochs": 5}``. With
    ``progress`` lines say how far the run is; otherwise nothing is printed. ``loading``: the options that every verb
    has (`Loading`).

    Cells are computed in this process, so a plugin that kills it takes the caller along; ``max_cells=1`` gives every
    cell a process of its own. After an interruption the same call continues.

    Raises:
        CirBenchError: a mistake in the arguments, in one sentence. A cell that fails raises nothing: see
            :attr:`RunResult.failed`.
    """
    return _run(locals())


def _run(given: Mapping[str, Any]) -> RunResult:
    """`run`, with its arguments by name."""
    import torch  # noqa: F401 (before the plugins, so that a changed number of threads is noticed)

    from cir_bench.ranks.join import joined

    shared = settings_of("run", given["loading"])
    where = {one.name: given[one.name] for one in fields(EngineChoice)}
    call = RunCall(
        choice_of(shared, given),
        shared if given["progress"] else shared.without(TERMINAL),
        EngineChoice(**where | {"on_set": nested_values(given["on_set"] or {})}),
        RunFlags(given["workers"], given["retry_failed"], given["fail_fast"], given["cell_timeout"]),
        several(given["track_with"]),
    )
    with joined() as ranks:
        setup = call.open(call.settings.load(call.choice.config), ranks)
        finished = call.compute(setup)
    problems = write_leaderboard(setup)[1] if ranks.first else []
    return run_result(setup, finished, [*problems_of(setup.registry), *setup.left_out, *problems])


def run_result(setup: RunSetup, finished: Sequence[CellFinished], notes: Sequence[str]) -> RunResult:
    """The result of a run whose records are written."""
    found = records_of(finished)
    stored = [_stored(event, record, setup) for event, record in found]
    elsewhere = [f"{event.cell.name}: not run, another process is running it." for event in finished if _away(event)]
    return RunResult(
        cells=tuple(finished),
        records=tuple(record for _, record in found),
        out=setup.out,
        notes=(*notes, *elsewhere),
        _board=build(stored),
    )


def _away(event: CellFinished) -> bool:
    return event.outcome == "running elsewhere"


def _stored(event: CellFinished, record: RunRecord, setup: RunSetup) -> StoredRecord:
    """A record of our own, with the results of its queries."""
    from cir_bench.records.load import find_queries

    protocols = {cell.key: cell.protocol for cell in setup.cells}
    queries = find_queries(event.folder, record, protocols[event.cell])
    return StoredRecord(record, event.folder, queries, setup.out)
