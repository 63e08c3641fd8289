"""`tune_cell`: search a method's tunable parameters by its held-out score, with Optuna.

Trials are in a journal file, so a killed tuning goes on, and several processes share one. What a trial tries depends on
its number, the seed and the trials that have ended. The workbench keeps the evaluation split out of reach.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from filelock import FileLock, Timeout
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from cir_bench.config import dotted
from cir_bench.errors import CirBenchError, ConfigError, PluginError, RunError
from cir_bench.interfaces.events import Announce, EpochFinished, Event
from cir_bench.params.tunable import Tunable, search_space
from cir_bench.plugin.registry import Registry, blame
from cir_bench.plugin.remedies import in_words
from cir_bench.records.tuning import Trial, TuningRecord, write_tuning
from cir_bench.runs.assembly import assemble
from cir_bench.runs.cell import Cell
from cir_bench.runs.ingredients import fingerprint, training_ingredients
from cir_bench.runs.trials import Value, distribution, ranges, rounded, with_values
from cir_bench.runs.workbench import Workbench
from cir_bench.training.seeding import derive_seed

JOURNAL = "journal.log"
RANDOM_TRIALS = 5
"""So many trials are drawn at random before TPE has something to learn from; no trial is stopped before."""


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
    if cell.method_params.selection.on != "held-out":
        raise ConfigError(f"{cell.key.name}: tuning selects on held-out triplets; leave out selection.on.")
    space = search_space(cell.method_params)
    if not space or not cell.epochs:
        raise ConfigError(f"{cell.key.name}: the method has no parameters to tune.")
    search = _Search(cell, bench, registry, cell.folder(out / "tuning"), options, space)
    while search.one(told):
        pass
    return search.finish()


class _Search:
    """The trials of one cell, shared with other processes by the files in ``folder``."""

    def __init__(
        self,
        cell: Cell,
        bench: Workbench,
        registry: Registry,
        folder: Path,
        options: TuneOptions,
        space: Mapping[str, Tunable],
    ) -> None:
        self._cell, self._bench, self._registry = cell, bench, registry
        self._folder, self._options, self._space = folder, options, space
        values = dotted(cell.method_params.model_dump(mode="json"))
        self._start: dict[str, Value] = {name: values[name] for name in space}
        self._distributions = {name: distribution(one, self._start[name]) for name, one in space.items()}
        self._ingredients = {
            name: value
            for name, value in training_ingredients(cell, bench).items()
            if name.removeprefix("method.") not in space
        }
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        what = {"space": ranges(space), "start": self._start, "ingredients": self._ingredients}
        name = fingerprint({key: json.dumps(value, default=vars) for key, value in what.items()}, options.seed)
        with FileLock(folder / "lock"):
            self._study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
                study_name=name,
                direction="maximize",
                load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(n_startup_trials=RANDOM_TRIALS, n_warmup_steps=cell.epochs // 4),
            )

    def one(self, told: Told) -> bool:
        """Run a trial that nobody runs; False when there is none left."""
        with self._asked() as asked:
            if asked is None:
                return False
            trial, index = asked
            self._run(trial, index)
        ended = next(one for one in self._trials() if one.number == trial.number)
        scores = [score for one in self._trials() if (score := one.user_attrs.get("score")) is not None]
        told(index + 1, _trial(ended), max(scores, default=None))
        return True

    def finish(self) -> TuningRecord | None:
        """Write the record, unless trials are running."""
        with FileLock(self._folder / "lock"):
            self._bury_the_dead()
            trials = sorted(self._trials(), key=lambda trial: int(trial.user_attrs["index"]))
        if any(trial.state is TrialState.RUNNING for trial in trials):
            return None
        record = TuningRecord(
            cell=self._cell.key,
            epochs=self._cell.epochs,
            seed=self._options.seed,
            space=ranges(self._space),
            trials=tuple(map(_trial, trials[: self._options.trials])),
            ingredients=self._ingredients,
        )
        if record.best.score is None:
            why = record.trials[0].reason
            raise RunError(f"{self._cell.key.name}: no trial came as far as a held-out score ({why}).")
        write_tuning(record, self._folder)
        return record

    @contextmanager
    def _asked(self) -> Iterator[tuple[optuna.Trial, int] | None]:
        """A new trial and its index, locked while it runs."""
        with FileLock(self._folder / "lock"):
            self._bury_the_dead()
            taken = {int(trial.user_attrs["index"]) for trial in self._trials()}
            index = next(number for number in range(len(taken) + 1) if number not in taken)
            if index >= self._options.trials:
                yield None
                return
            self._study.sampler = optuna.samplers.TPESampler(
                seed=derive_seed(self._options.seed, "trial", index) % 2**32, n_startup_trials=RANDOM_TRIALS
            )
            if index == 0:
                self._study.enqueue_trial(self._nearest_to_start())
            lock = self._lock(index)
            lock.acquire()
            trial = self._study.ask(dict(self._distributions))
            trial.set_user_attr("index", index)
        try:
            yield trial, index
        finally:
            lock.release()

    def _run(self, trial: optuna.Trial, index: int) -> None:
        values = {name: rounded(value) for name, value in trial.params.items()} if index else self._start
        trial.set_user_attr("values", values)
        folder = self._folder / "trials" / str(index)
        shutil.rmtree(folder, ignore_errors=True)  # a dead process's: stopping a trial depends on all of its epochs
        scores: list[float] = []

        def hear(event: Event) -> None:
            if isinstance(event, EpochFinished) and event.selection is not None:
                scores.append(event.selection)
                trial.report(event.selection, len(scores))
                if trial.should_prune():
                    raise _HopelessError

        began, state = time.perf_counter(), TrialState.COMPLETE
        try:
            self._train(values, folder, hear)
        except _HopelessError:
            state = TrialState.PRUNED
        except (ConfigError, PluginError, RunError) as error:  # such as a loss that became NaN at a high learning rate
            trial.set_user_attr("reason", in_words(error))
            state = TrialState.PRUNED
        trial.set_user_attr("seconds", time.perf_counter() - began)
        trial.set_user_attr("score", max(scores, default=None))
        done = state is TrialState.COMPLETE and bool(scores)
        self._study.tell(trial, max(scores) if done else None, TrialState.COMPLETE if done else TrialState.PRUNED)
        shutil.rmtree(folder, ignore_errors=True)

    def _train(self, values: Mapping[str, Value], folder: Path, hear: Announce) -> None:
        cell = with_values(self._cell, values, self._registry)
        assembled = assemble(cell, self._bench, self._registry, folder, hear)
        trainer = assembled.trainer(fingerprint({name: str(value) for name, value in values.items()}, cell.key.seed))
        with blame(cell.method, "training"):
            trainer.run()

    def _bury_the_dead(self) -> None:
        """Trials whose process died are as if they had not been; the caller holds the study's lock."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if (index := trial.user_attrs.get("index")) is not None:
                lock = self._lock(index)
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue  # it lives
                lock.release()
            self._study.tell(trial.number, state=TrialState.FAIL)

    def _trials(self) -> list[FrozenTrial]:
        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        return self._study.get_trials(deepcopy=False, states=states)

    def _lock(self, index: int) -> FileLock:
        return FileLock(self._folder / f"trial-{index}.lock")

    def _nearest_to_start(self) -> dict[str, Value]:
        """What Optuna takes the first trial for; the trial has the values of the start, even out of their ranges."""
        clipped = {}
        for name, value in self._start.items():
            clipped[name] = type(value)(min(max(value, self._space[name].low), self._space[name].high))
        return clipped


def _trial(trial: FrozenTrial) -> Trial:
    reason = trial.user_attrs.get("reason", "")
    stopped = "failed" if reason else "stopped"
    return Trial(
        values=trial.user_attrs["values"],
        state="finished" if trial.state is TrialState.COMPLETE else stopped,
        score=trial.user_attrs.get("score"),
        seconds=trial.user_attrs.get("seconds", 0.0),
        reason=reason,
    )
