"""`TrialStudy`: the trials of one cell in a journal file, shared by processes that never run the same one twice.

A trial is known by its index. What it tries, and when it is stopped, depends on the seed, its index and the ended
trials that it *sees*, in the order of their indices; nothing else of the journal counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from cir_bench.config import dotted
from cir_bench.params.tunable import Tunable
from cir_bench.records.tuning import SeenTrial, Trial, TrialOutcome
from cir_bench.runs.cell import Cell
from cir_bench.runs.ingredients import fingerprint
from cir_bench.runs.trials import Value, distribution, ranges, rounded
from cir_bench.training.seeding import derive_seed

JOURNAL = "journal.log"
RANDOM_TRIALS = 5
"""So many trials are drawn at random before TPE has something to learn from; no trial is stopped before."""


@dataclass(frozen=True)
class AskedTrial:
    """A trial that is to be run, and is locked until it is told, or until this process ends."""

    index: int
    values: Mapping[str, Value]
    seen: Sequence[SeenTrial]
    suggested: Mapping[str, Value]
    """The values before they were rounded."""
    held: ExitStack = field(default_factory=ExitStack, compare=False)


class TrialStudy:
    """The trials of a cell; ``start`` are the values that its method has now, ``folder`` holds the journal."""

    def __init__(
        self,
        cell: Cell,
        folder: Path,
        space: Mapping[str, Tunable],
        ingredients: Mapping[str, str],
        trials: int,
        seed: int,
    ) -> None:
        self.folder, self._space, self._of, self._seed = folder, space, trials, seed
        self._epochs = cell.epochs
        values = dotted(cell.method_params.model_dump(mode="json"))
        self.start: dict[str, Value] = {name: values[name] for name in space}
        self._distributions = {name: distribution(one, self.start[name]) for name, one in space.items()}
        _quiet()
        folder.mkdir(parents=True, exist_ok=True)
        what = {"space": ranges(space), "start": self.start, "ingredients": ingredients}
        name = fingerprint({key: json.dumps(value, default=vars) for key, value in what.items()}, seed)
        with FileLock(folder / "lock"):
            self._study = optuna.create_study(
                storage=JournalStorage(
                    JournalFileBackend(str(folder / JOURNAL), _JournalLock(folder / "journal.lock"))
                ),
                study_name=name,
                direction="maximize",
                load_if_exists=True,
            )

    def ask(self, behind: int | None = None) -> AskedTrial | None:
        """The next trial that nobody runs; None if there is none, or not yet.

        It sees every trial that has ended. With ``behind``, it sees those whose indices are smaller than its own by at
        least that, and there is none until all of these have ended; so it is the same whichever ends first.
        """
        with FileLock(self.folder / "lock"):
            self._bury_the_dead()
            ended, taken = self._ended(), {int(trial.user_attrs["index"]) for trial in self._trials()}
            index = next(number for number in range(len(taken) + 1) if number not in taken)
            if index >= self._of:
                return None
            if behind is not None:
                if any(number not in ended for number in range(index - behind + 1)):
                    return None
                ended = {number: trial for number, trial in ended.items() if number <= index - behind}
            seen = [ended[number] for number in sorted(ended)]
            held = ExitStack()
            held.enter_context(self._lock(index))
            suggested = self._suggested(index, seen)
            values = {name: rounded(suggested[name]) for name in self._space} if index else self.start
            attributes = {"index": index, "values": dict(values)}
            self._study.add_trial(self._frozen(TrialState.RUNNING, suggested, attributes))
        facts = [
            SeenTrial(
                value=one.value if one.state is TrialState.COMPLETE else None,
                scores=tuple(one.intermediate_values[step] for step in sorted(one.intermediate_values)),
            )
            for one in seen
        ]
        return AskedTrial(index, values, facts, suggested, held)

    def tell(self, asked: AskedTrial, outcome: TrialOutcome) -> Trial:
        """How a trial has ended; it is as the record will have it."""
        score = max(outcome.scores, default=None)
        state = TrialState.PRUNED if outcome.stopped or score is None else TrialState.COMPLETE
        attributes = {"index": asked.index, "values": dict(asked.values), "reason": outcome.reason}
        attributes |= {"seconds": outcome.seconds, "score": score}
        steps = dict(enumerate(outcome.scores, 1))
        ended = self._frozen(state, asked.suggested, attributes, steps, score if state is TrialState.COMPLETE else None)
        with asked.held, FileLock(self.folder / "lock"):
            self._study.add_trial(ended)  # whole, in one line of the journal; the mark that it runs goes afterwards
            for one in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                if one.user_attrs.get("index") == asked.index:
                    self._study.tell(one.number, state=TrialState.FAIL)
        return _trial(ended)

    def _frozen(
        self,
        state: TrialState,
        params: Mapping[str, Value],
        attributes: Mapping[str, Any],
        steps: Mapping[int, float] | None = None,
        value: float | None = None,
    ) -> FrozenTrial:
        return optuna.trial.create_trial(
            state=state,
            value=value,
            params=dict(params),
            distributions=dict(self._distributions),
            user_attrs=dict(attributes),
            intermediate_values=dict(steps or {}),
        )

    def best(self) -> float | None:
        """The best score so far."""
        scores = [score for one in self._trials() if (score := one.user_attrs.get("score")) is not None]
        return max(scores, default=None)

    def finished(self) -> Sequence[Trial] | None:
        """All trials in order, or None while some are running or left."""
        with FileLock(self.folder / "lock"):
            self._bury_the_dead()
            ended, running = self._ended(), [one for one in self._trials() if one.state is TrialState.RUNNING]
        if running or any(index not in ended for index in range(self._of)):
            return None
        return [_trial(ended[index]) for index in range(self._of)]

    def _suggested(self, index: int, seen: Sequence[FrozenTrial]) -> dict[str, Value]:
        if index == 0:
            return self._nearest_to_start()
        sampler = optuna.samplers.TPESampler(
            seed=derive_seed(self._seed, "trial", index) % 2**32, n_startup_trials=RANDOM_TRIALS
        )
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(seen)
        return study.ask(dict(self._distributions)).params

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

    def _ended(self) -> dict[int, FrozenTrial]:
        """By index."""
        states = {TrialState.COMPLETE, TrialState.PRUNED}
        return {int(trial.user_attrs["index"]): trial for trial in self._trials() if trial.state in states}

    def _trials(self) -> list[FrozenTrial]:
        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        return self._study.get_trials(deepcopy=False, states=states)

    def _lock(self, index: int) -> FileLock:
        return FileLock(self.folder / f"trial-{index}.lock")

    def _nearest_to_start(self) -> dict[str, Value]:
        """What Optuna takes the first trial for; the trial has the values of the start, even out of their ranges."""
        clipped = {}
        for name, value in self.start.items():
            clipped[name] = type(value)(min(max(value, self._space[name].low), self._space[name].high))
        return clipped


class _JournalLock(JournalFileOpenLock):
    """The system frees it when its process is killed; Optuna's own stays, and Ctrl-C while it is taken is an error."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._held = FileLock(path)

    def acquire(self) -> bool:
        self._held.acquire()
        return True

    def release(self) -> None:
        self._held.release()


def hopeless(seen: Sequence[SeenTrial], epochs: int) -> Callable[[float], bool]:
    """Whether a trial is hopeless once it has taken one more held-out score: below the median of those it sees."""
    _quiet()
    pruner = optuna.pruners.MedianPruner(n_startup_trials=RANDOM_TRIALS, n_warmup_steps=epochs // 4)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for one in seen:
        state = TrialState.COMPLETE if one.value is not None else TrialState.PRUNED
        steps = dict(enumerate(one.scores, 1))
        study.add_trial(optuna.trial.create_trial(state=state, value=one.value, intermediate_values=steps))
    trial = study.ask()
    steps_taken = 0

    def judge(score: float) -> bool:
        nonlocal steps_taken
        steps_taken += 1
        trial.report(score, steps_taken)
        return trial.should_prune()

    return judge


def _quiet() -> None:
    """Optuna tells of every study that it makes, here and on workers; only its warnings are of interest."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


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
