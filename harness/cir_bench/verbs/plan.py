"""`plan`: what `run` would do with the same arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.verbs.arguments import choice_of
from cir_bench.verbs.frames import frame
from cir_bench.verbs.settings import Loading, Settings, problems_of, settings_of
from cir_bench.verbs.tables import TableResult, html_table

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from cir_bench.runs.plan import Plan, PlannedCell
    from cir_bench.runs.together import AtOnce
    from cir_bench.verbs.choice import ResolvedRun


@dataclass(frozen=True)
class PlanRow:
    """A cell, and what `run` would do with it."""

    cell: CellKey
    state: str
    """``done``, ``stale``, ``failed``, ``refused``, ``interrupted`` or ``to do``."""
    why: str = ""
    """What is stale, or why it failed or is refused."""
    seconds: float | None = None
    """How long it will take, without extracting features; None if nothing like it was run here before."""
    device_mib: float | None = None
    """Its peak of memory on the device, in MiB; on a CPU, of the process."""
    host_mib: float | None = None
    """The peak of its process."""
    basis: str = "unknown"
    """What the three are from, in words."""
    misfit: str = ""
    """Which memory is too small for it, in words; empty if it fits, or nothing is known."""


@dataclass(frozen=True, repr=False)
class PlanResult(TableResult):
    """The cells of a plan, which it iterates over, shown as a table.

    Attributes:
        rows: every cell, in the order in which they would run.
        seconds: time of the cells to run that have an estimate.
        unknown: how many of them have none.
        notes: what else there is to know, one sentence each: features to extract, missing data.
    """

    rows: tuple[PlanRow, ...]
    seconds: float
    unknown: int
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[PlanRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return "\n".join([tabulate(self._entries(), _HEADINGS, disable_numparse=True), "", *self._sentences()])

    def _repr_markdown_(self) -> str:
        grid = tabulate(self._entries(), _HEADINGS, tablefmt="github", disable_numparse=True)
        return "\n\n".join([grid, *self._sentences()])

    def _repr_html_(self) -> str:
        from markupsafe import Markup

        sentences = (Markup("<p>{}</p>").format(one) for one in self._sentences())
        return Markup("\n").join([html_table(_HEADINGS, self._entries()), *sentences])

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` with a row for each cell."""
        return frame(row.cell.model_dump() | asdict(row) | {"cell": row.cell.name} for row in self.rows)

    def _entries(self) -> list[list[str]]:
        return [
            [row.cell.name, row.state, row.why, _number(row.seconds), _number(row.device_mib), row.basis]
            for row in self.rows
        ]

    def _sentences(self) -> list[str]:
        unknown = f"; no estimate for {self.unknown} never run here" if self.unknown else ""
        misfits = [f"{row.cell.name} will not fit: {row.misfit}." for row in self.rows if row.misfit]
        return [f"About {self.seconds:.0f} s{unknown}.", *misfits, *self.notes]


_HEADINGS = ("cell", "state", "why", "seconds", "MiB", "basis")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def plan(
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
    features: bool = False,
    max_cells: int | None = None,
    gpus_per_cell: float | None = None,
    **loading: Unpack[Loading],
) -> PlanResult:
    """What `run` would do with the same arguments: every cell with its state, and the estimated time.

    With ``features`` what would be extracted is counted, too, for which data sets and encoders are loaded. With
    ``max_cells`` the memory of that many cells at the same time is added up.

    Raises:
        CirBenchError: a mistake in the arguments, in one sentence.
    """
    given = locals()
    shared = settings_of("plan", loading)
    choice = choice_of(shared, given)
    found = choice.resolve(shared.load(choice.config))
    made = planned(found, shared, features=features, at_once=at_once(max_cells, gpus_per_cell))
    extract = [
        f"To extract: {one.missing.items} of {one.missing.of} {one.role}s of {one.benchmark} ({one.split}) with "
        f"{one.encoder}."
        for one in made.extractions
    ]
    return PlanResult(
        rows=tuple(map(_row, made.cells)),
        seconds=made.seconds,
        unknown=made.unknown,
        notes=(*problems_of(found.registry), *found.left_out, *extract, *made.problems, *_together(made)),
    )


def _row(one: PlannedCell) -> PlanRow:
    cost = one.forecast
    return PlanRow(
        one.cell.key,
        one.state.status.value,
        one.state.reason,
        seconds=cost.seconds,
        device_mib=cost.device_mib,
        host_mib=cost.host_mib,
        basis=str(cost),
        misfit=one.misfit,
    )


def _together(made: Plan) -> list[str]:
    """What is known of cells at the same time, in sentences."""
    if made.together is None:
        return []
    misfit = f"Together they will not fit: {made.together.misfit}." if made.together.misfit else ""
    return [f"At the same time, {made.together}.", *([misfit] if misfit else [])]


def at_once(max_cells: int | None, gpus_per_cell: float | None) -> AtOnce | None:
    """How many cells are computed at the same time; None: one after the other."""
    from cir_bench.runs.together import AtOnce

    return None if max_cells is None else AtOnce(max_cells, gpus_per_cell)


def planned(found: ResolvedRun, settings: Settings, *, features: bool, at_once: AtOnce | None = None) -> Plan:
    """The plan of resolved cells; refuses a device that is not there."""
    from cir_bench.runs.plan import make_plan

    request = found.request
    if request.device not in ("auto", "cpu"):  # only torch knows whether it is there
        found.workbench(settings)
    return make_plan(
        found.cells,
        lambda: found.workbench(settings),
        request.out,
        request.data_root,
        settings.cache_dir,
        request.device,
        features=features,
        at_once=at_once,
    )
