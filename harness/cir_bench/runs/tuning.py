"""`tune_cell`: search a method's tunable parameters by its held-out score, with Optuna.

Trials are in a journal file (`cir_bench.runs.study`), so a killed tuning goes on, and several processes share one. The
workbench keeps the evaluation split out of reach.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import CirBenchError, ConfigError, PluginError, RunError
from cir_bench.interfaces.events import EpochFinished, Event
from cir_bench.params.tunable import search_space
from cir_bench.plugin.registry import Registry, blame
from cir_bench.plugin.remedies import in_words
from cir_bench.records.tuning import SeenTrial, Trial, TrialOutcome, TuningRecord, write_tuning
from cir_bench.runs.assembly import assemble
from cir_bench.runs.cell import Cell
from cir_bench.runs.ingredients import fingerprint, training_ingredients
from cir_bench.runs.study import AskedTrial, TrialStudy, hopeless
from cir_bench.runs.trials import Value, ranges, with_values
from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class TuneOptions:
    """The budget: ``trials`` in all, the first with the values that the method has now; ``seed`` of the search."""

    trials: int = 20
    seed: int = 0


class _HopelessError(CirBenchError):
    """Raised out of the training of a trial that is stopped; no fault of the plugin."""


Told = Callable[[int, Trial, float | None], None]
"""Hears of a trial that has ended: its number from 1, and the best score so far."""


def tune_cell(
    cell: Cell, bench: Workbench, registry: Registry, out: Path, options: TuneOptions, told: Told
) -> TuningRecord | None:
    """Run the trials that are left, and write ``tuning.json`` when all have ended.

    The cell has the values of the first trial, and the workbench is one that does not evaluate. The journal is below
    ``out/tuning``. None is returned while another process runs the last trials. `ConfigError` if the method has nothing
    to tune, or does not choose its checkpoint on held-out triplets.
    """
    search = Search(cell, bench, out, options)
    while (asked := search.study.ask()) is not None:
        place = search.study.folder / "trials" / str(asked.index)
        outcome = run_trial(cell, bench, registry, place, asked.values, asked.seen)
        search.tell(asked, outcome, told)
    return search.finish()


class Search:
    """The trials of one cell, and the record that comes of them; errors as of `tune_cell`."""

    def __init__(self, cell: Cell, bench: Workbench, out: Path, options: TuneOptions) -> None:
        if cell.method_params.selection.on != "held-out":
            raise ConfigError(f"{cell.key.name}: tuning selects on held-out triplets; leave out selection.on.")
        self._space = search_space(cell.method_params)
        if not self._space or not cell.epochs:
            raise ConfigError(f"{cell.key.name}: the method has no parameters to tune.")
        self.cell, self._options = cell, options
        self._ingredients = {
            name: value
            for name, value in training_ingredients(cell, bench).items()
            if name.removeprefix("method.") not in self._space
        }
        folder = cell.folder(out / "tuning")
        self.study = TrialStudy(cell, folder, self._space, self._ingredients, options.trials, options.seed)

    def tell(self, asked: AskedTrial, outcome: TrialOutcome, told: Told) -> None:
        """A trial has ended."""
        trial = self.study.tell(asked, outcome)
        told(asked.index + 1, trial, self.study.best())

    def finish(self) -> TuningRecord | None:
        """Write the record, unless trials are running."""
        trials = self.study.finished()
        if trials is None:
            return None
        record = TuningRecord(
            cell=self.cell.key,
            epochs=self.cell.epochs,
            seed=self._options.seed,
            space=ranges(self._space),
            trials=tuple(trials),
            ingredients=self._ingredients,
        )
        if record.best.score is None:
            why = record.trials[0].reason
            raise RunError(f"{self.cell.key.name}: no trial came as far as a held-out score ({why}).")
        write_tuning(record, self.study.folder)
        return record


def run_trial(
    cell: Cell,
    bench: Workbench,
    registry: Registry,
    folder: Path,
    values: Mapping[str, Value],
    seen: Sequence[SeenTrial],
) -> TrialOutcome:
    """Train the cell with other values of its parameters, in ``folder``, which is removed; stop when it is hopeless."""
    shutil.rmtree(folder, ignore_errors=True)  # a dead process's: stopping a trial depends on all of its epochs
    scores: list[float] = []
    judge = hopeless(seen, cell.epochs)

    def hear(event: Event) -> None:
        if isinstance(event, EpochFinished) and event.selection is not None:
            scores.append(event.selection)
            if judge(event.selection):
                raise _HopelessError

    began, stopped, reason = time.perf_counter(), False, ""
    try:
        tried = with_values(cell, values, registry)
        assembled = assemble(tried, bench, registry, folder, hear)
        trainer = assembled.trainer(fingerprint({name: str(value) for name, value in values.items()}, cell.key.seed))
        with blame(cell.method, "training"):
            trainer.run()
    except _HopelessError:
        stopped = True
    except (ConfigError, PluginError, RunError) as error:  # such as a loss that became NaN at a high learning rate
        stopped, reason = True, in_words(error)
    seconds = time.perf_counter() - began
    shutil.rmtree(folder, ignore_errors=True)
    return TrialOutcome(scores=tuple(scores), stopped=stopped, reason=reason, seconds=seconds)
