"""``cir-bench tune``: choose parameters on held-out train triplets, with one budget for every method."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cir_bench.cli.common import AsJson, with_settings
from cir_bench.cli.run_options import RunOptions, with_run_options
from cir_bench.cli.run_view import say
from cir_bench.cli.streams import outlive_readers
from cir_bench.errors import CirBenchError, ConfigError, PairingError
from cir_bench.interrupts import INTERRUPTED
from cir_bench.verbs.settings import Settings

if TYPE_CHECKING:
    from cir_bench.records.tuning import Trial, TuningRecord
    from cir_bench.runs.cell import Cell

FAILED = 1


@with_settings
@with_run_options
def tune(
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

    Exit codes: 0; 1 if a method could not be tuned; 2 for a mistake in the options; 130 when interrupted.
    """
    try:
        import optuna  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError("tuning needs Optuna; run: pip install 'cir-bench[tune]'.") from error
    import torch  # noqa: F401 (before the plugins, so that a changed number of threads is noticed)

    from cir_bench.runs.tuning import TuneOptions, tune_cell
    from cir_bench.runs.workbench import default_workers

    outlive_readers(sys.stdout, sys.stderr)
    found = options.resolve(settings)
    setup = found.setup(found.workbench(settings, default_workers() if workers is None else workers, evaluates=False))
    stream = sys.stderr if as_json else sys.stdout
    done, failed = [], 0
    budget = TuneOptions(trials, seed)
    _refuse_options(setup.cells)
    for cell in (cell for cell in setup.cells if _trains(cell, stream)):
        say(stream, f"{cell.key.name}: {trials} trials of {cell.epochs} epochs")

        def told(number: int, trial: Trial, best: float | None) -> None:
            say(stream, _line(number, trials, trial, best))

        try:
            if cell.refusal:
                raise PairingError(cell.refusal)
            record = tune_cell(cell, setup.bench, setup.registry, setup.out, budget, told)
        except CirBenchError as error:
            failed += 1
            print(f"cir-bench: {error}", file=sys.stderr)
            continue
        except KeyboardInterrupt:
            say(stream, "Interrupted. Finished trials are kept; run the same command again to continue.")
            raise typer.Exit(INTERRUPTED) from None
        if record is None:
            say(stream, "  another process is running the last trials, and will write the choice")
        else:
            done.append(record)
            _report(record, cell.folder(setup.out / "tuning"), stream)
    if as_json:
        print(json.dumps([record.model_dump(mode="json") for record in done], indent=1))
    if failed:
        raise typer.Exit(FAILED)


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


def _line(number: int, of: int, trial: Trial, best: float | None) -> str:
    score = "–" if trial.score is None else f"{trial.score:.2f}"
    result = trial.state if trial.state != "failed" else f"failed: {trial.reason}"
    so_far = "" if best is None else f"; best {best:.2f}"
    return f"  [{number}/{of}] {score} ({result}, {trial.seconds:.0f} s){so_far}: {_written(trial)}"


def _written(trial: Trial) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in trial.values.items())


def _report(record: TuningRecord, folder: Path, stream: TextIO) -> None:
    first, best = record.trials[0], record.best
    before = "–" if first.score is None else f"{first.score:.2f}"
    say(stream, f"  held out {best.score:.2f} (before: {before}): {_written(best)}")
    say(stream, f"  {folder / 'tuning.json'}")
