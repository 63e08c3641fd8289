"""``cir-bench tune``: choose parameters on held-out train triplets, with one budget for every method."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cir_bench.cli.common import AsJson, with_settings
from cir_bench.cli.engine_options import EngineOptions, with_engine_options
from cir_bench.cli.run_options import RunOptions, with_run_options
from cir_bench.cli.run_view import say
from cir_bench.cli.streams import outlive_readers
from cir_bench.errors import CirBenchError, ConfigError, PairingError
from cir_bench.interrupts import INTERRUPTED
from cir_bench.verbs.engine import tune_engine
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.engine.tune import Told
    from cir_bench.records.tuning import Trial, TuningRecord
    from cir_bench.runs.cell import Cell
    from cir_bench.runs.tuning import Search, TuneOptions
    from cir_bench.verbs.choice import RunSetup

FAILED = 1


@with_settings
@with_run_options
@with_engine_options
def tune(
    engine: EngineOptions,
    options: RunOptions,
    settings: Settings,
    trials: Annotated[int, typer.Option(min=1, help="Trials of every method; stopped ones count.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the search.")] = 0,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that decode images.")] = None,
    as_json: AsJson = False,
) -> None:
    """Choose every method's tunable parameters by its score on held-out train triplets, never on the evaluation split.

    Every method has the same number of trials, and every trial the same epochs. The first trial has the values that the
    method has now. After an interruption the same command continues; several processes may share the work. The choice
    is written to tuning.json below --out; `cir-bench run --tuned DIR` uses it, and records say so.

    --on NAME and --max-cells N run N trials at the same time (default: 4), on this machine or others. Each then learns
    from the trials up to the N-th before it (docs/scaling.md).

    Exit codes: 0; 1 if a method could not be tuned; 2 for a mistake in the options; 130 when interrupted.
    """
    try:
        import optuna  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError("tuning needs Optuna; run: pip install 'cir-bench[tune]'.") from error
    import torch  # noqa: F401 (before the plugins, so that a changed number of threads is noticed)

    from cir_bench.runs.tuning import TuneOptions
    from cir_bench.runs.workbench import default_workers

    outlive_readers(sys.stdout, sys.stderr)
    found, where = options.resolve(settings), engine.choice()
    device = "cpu" if where.used else None  # this process then only looks for features that are missing
    bench = found.workbench(settings, default_workers() if workers is None else workers, evaluates=False, device=device)
    setup = found.setup(bench)
    view = _View(sys.stderr if as_json else sys.stdout, trials)
    _refuse_options(setup.cells)
    cells = [cell for cell in setup.cells if _trains(cell, view.stream)]
    budget = TuneOptions(trials, seed)
    try:
        if where.used:
            _on_engine(
                cells, setup, budget, view, partial(tune_engine, where, setup, settings, workers, options.config)
            )
        else:
            _here(cells, setup, budget, view)
    except KeyboardInterrupt:
        say(view.stream, "Interrupted. Finished trials are kept; run the same command again to continue.")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print(json.dumps([record.model_dump(mode="json") for record in view.done], indent=1))
    if view.failed:
        raise typer.Exit(FAILED)


def _here(cells: Sequence[Cell], setup: RunSetup, budget: TuneOptions, view: _View) -> None:
    """One trial after the other."""
    from cir_bench.runs.tuning import tune_cell

    for cell in cells:
        with view.failing():
            view.begins(cell)
            record = tune_cell(cell, setup.bench, setup.registry, setup.out, budget, view.told)
            view.ends(record, cell.folder(setup.out / "tuning"))


def _on_engine(
    cells: Sequence[Cell],
    setup: RunSetup,
    budget: TuneOptions,
    view: _View,
    run: Callable[[Sequence[Search], Told], None],
) -> None:
    """Trials of all cells on an executor."""
    from cir_bench.runs.tuning import Search

    searches = []
    for cell in cells:
        with view.failing():
            view.begins(cell)
            searches.append(Search(cell, setup.bench, setup.out, budget))
    several = len(searches) > 1

    def told(search: Search, number: int, trial: Trial, best: float | None) -> None:
        view.told(number, trial, best, f"{search.cell.key.name}: " if several else "")

    run(searches, told)
    for search in searches:
        with view.failing():
            view.ends(search.finish(), search.study.folder)


class _View:
    """What is said of tunings on ``stream``, and what became of them."""

    def __init__(self, stream: TextIO, trials: int) -> None:
        self.stream, self._trials = stream, trials
        self.done: list[TuningRecord] = []
        self.failed = 0

    @contextmanager
    def failing(self) -> Iterator[None]:
        """A tuning that cannot be done stops no other."""
        try:
            yield
        except CirBenchError as error:
            self.failed += 1
            print(f"cir-bench: {error}", file=sys.stderr)

    def begins(self, cell: Cell) -> None:
        """Say what is tuned; `PairingError` if it cannot be."""
        trials, epochs = ("s" * (number != 1) for number in (self._trials, cell.epochs))
        say(self.stream, f"{cell.key.name}: {self._trials} trial{trials} of {cell.epochs} epoch{epochs}")
        if cell.refusal:
            raise PairingError(cell.refusal)

    def told(self, number: int, trial: Trial, best: float | None, of: str = "") -> None:
        """A trial has ended."""
        say(self.stream, _line(f"{of}[{number}/{self._trials}]", trial, best))

    def ends(self, record: TuningRecord | None, folder: Path) -> None:
        """All trials have ended, or another process runs the last ones."""
        if record is None:
            say(self.stream, "  another process is running the last trials, and will write the choice")
        else:
            self.done.append(record)
            _report(record, folder, self.stream)


def _refuse_options(cells: Sequence[Cell]) -> None:
    if any(cell.key.seed for cell in cells):
        raise ConfigError("tuning uses one seed of weights and batches, 0; leave out --seeds (and seeds in --config).")
    if any(cell.limit for cell in cells):
        raise ConfigError("tuning asks no query of the evaluation; leave out --limit (and limit in --config).")


def _trains(cell: Cell, stream: TextIO) -> bool:
    """Whether there is something to tune; if not, it is said."""
    if not cell.trains:
        say(stream, f"{cell.key.name}: nothing to train, nothing to tune")
    return cell.trains


def _line(which: str, trial: Trial, best: float | None) -> str:
    score = "–" if trial.score is None else f"{trial.score:.2f}"
    result = trial.state if trial.state != "failed" else f"failed: {trial.reason}"
    so_far = "" if best is None else f"; best {best:.2f}"
    return f"  {which} {score} ({result}, {trial.seconds:.0f} s){so_far}: {_written(trial)}"


def _written(trial: Trial) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in trial.values.items())


def _report(record: TuningRecord, folder: Path, stream: TextIO) -> None:
    first, best = record.trials[0], record.best
    before = "–" if first.score is None else f"{first.score:.2f}"
    say(stream, f"  held out {best.score:.2f} (before: {before}): {_written(best)}")
    say(stream, f"  {folder / 'tuning.json'}")
