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

    from cir_bench.runs.plan import Plan
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
    """How long it will take; None if nothing like it was run here before."""


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
        times = ["" if row.seconds is None else f"{row.seconds:.0f}" for row in self.rows]
        return [[row.cell.name, row.state, row.why, time] for row, time in zip(self.rows, times, strict=True)]

    def _sentences(self) -> list[str]:
        unknown = f"; no estimate for {self.unknown} never run here" if self.unknown else ""
        return [f"About {self.seconds:.0f} s{unknown}.", *self.notes]


_HEADINGS = ("cell", "state", "why", "seconds")


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
    features: bool = False,
    **loading: Unpack[Loading],
) -> PlanResult:
    """What `run` would do with the same arguments: every cell with its state, and the estimated time.

    With ``features`` what would be extracted is counted, too, for which data sets and encoders are loaded.

    Raises:
        CirBenchError: a mistake in the arguments, in one sentence.
    """
    named: dict[str, Any] = {
        "methods": methods,
        "benchmarks": benchmarks,
        "encoders": encoders,
        "seeds": seeds,
        "track": track,
    }
    named |= {"device": device, "precision": precision, "out": out, "tuned": tuned, "weights": weights}
    named |= {"artefacts": artefacts, "allow_partial": allow_partial or None, "limit": limit, "settings": settings}
    shared = settings_of("plan", loading)
    choice = choice_of(shared, named, config=config, suite=suite, all_methods=all_methods)
    found = choice.resolve(shared.load(choice.config))
    made = planned(found, shared, features=features)
    extract = [
        f"To extract: {one.missing.items} of {one.missing.of} {one.role}s of {one.benchmark} ({one.split}) with "
        f"{one.encoder}."
        for one in made.extractions
    ]
    return PlanResult(
        rows=tuple(PlanRow(one.cell.key, one.state.status.value, one.state.reason, one.seconds) for one in made.cells),
        seconds=made.seconds,
        unknown=made.unknown,
        notes=(*problems_of(found.registry), *found.left_out, *extract, *made.problems),
    )


def planned(found: ResolvedRun, settings: Settings, *, features: bool) -> Plan:
    """The plan of resolved cells; refuses a device that is not there."""
    from cir_bench.runs.plan import make_plan

    request = found.request
    if request.device not in ("auto", "cpu"):  # only torch knows whether it is there
        found.workbench(settings)
    return make_plan(found.cells, lambda: found.workbench(settings), request.out, request.data_root, features=features)
