"""The training loop: stages, epochs, batches, optimiser steps; resumable after every epoch."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from cir_bench.errors import RunError
from cir_bench.features.source import FeatureSource
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.method import Method, TrainStage, TrainStep
from cir_bench.params.models import Selection
from cir_bench.training.batches import DrawnSet, TrainSet, train_batches
from cir_bench.training.checkpoints import Checkpoints
from cir_bench.training.ema import WeightAverage
from cir_bench.training.optimisers import RunningOptimiser, lr_factor, make_optimisers
from cir_bench.training.progress import TrainProgress
from cir_bench.training.seeding import seed_torch


@dataclass
class EpochResult:
    """One finished epoch."""

    stage: str
    epoch: int
    terms: dict[str, float]
    selection: float | None
    seconds: float
    images_per_second: float


@dataclass
class TrainResult:
    """What training leaves behind; the weights are in the modules."""

    history: list[EpochResult] = field(default_factory=list)
    best_epoch: int | None = None
    best_score: float | None = None
    trained_parameters: int = 0
    stages: list[str] = field(default_factory=list)
    encoders_changed: bool = False


class Sources(Protocol):
    """Gives the feature source of a stage: live when it trains the encoders, else cached."""

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> FeatureSource:
        """The source of a stage; ``encoders_changed`` when this stage or an earlier one trains the encoders."""


class Trainer:
    """Trains one method on one train set.

    Args:
        method: the method, on its device.
        encoders: encoder copies by branch ("main" without branches).
        trains_encoder: whether a stage trains the encoders, by its settings.
        data: the triplets; drawn ones are those of the epoch's number within its stage.
        sources: features for each stage.
        score: the held-out score (percent) of the method as it is now, given the stage's features and whether the
            encoders have changed; None for no selection.
        selection: how the checkpoint is chosen.
        checkpoints: where epochs are kept.
        seed: the cell's seed.
        device: where it runs.
        precision: ``float32``, or ``bfloat16`` by autocast.
        progress: told what happens.
        descriptions: images with their own descriptions, for stages on them; asked for when there is such a stage.
    """

    def __init__(
        self,
        method: Method,
        encoders: Mapping[str, Encoder],
        trains_encoder: Callable[[TrainStage], bool],
        data: TrainSet | DrawnSet,
        sources: Sources,
        score: Callable[[FeatureSource, bool], float] | None,
        selection: Selection,
        checkpoints: Checkpoints,
        *,
        seed: int,
        device: torch.device,
        precision: str,
        progress: TrainProgress,
        descriptions: Callable[[], TrainSet] | None = None,
    ) -> None:
        self._descriptions = descriptions
        self._method, self._encoders, self._trains_encoder = method, dict(encoders), trains_encoder
        self._data, self._sources, self._score, self._selection = data, sources, score, selection
        self._checkpoints, self._seed, self._device = checkpoints, seed, device
        self._precision, self._progress = precision, progress
        self._result = TrainResult()
        self._best_number: int | None = None
        self._since_best = 0
        self._touched = False  # whether a stage so far trained the encoders, so that their weights must be kept

    def run(self) -> TrainResult:
        """Train all stages (from where an interrupted run stopped) and leave the chosen weights in the modules."""
        stages = [stage for stage in self._method.stages() if stage.training.epochs > 0]
        state = self._checkpoints.load(self._device)
        start_stage = self._restore(state) if state else 0
        for number, stage in enumerate(stages):
            self._result.stages.append(stage.name)
            if number < start_stage:
                continue
            resumed = state if state and number == start_stage else None
            self._touched = any(self._trains_encoder(earlier) for earlier in stages[: number + 1])
            self._run_stage(number, stage, resumed)
        self._result.encoders_changed = self._touched
        self._checkpoints.finish()
        self._method.eval()
        for encoder in self._encoders.values():
            encoder.set_gradient_checkpointing(False)
            encoder.eval()
        return self._result

    def _run_stage(self, number: int, stage: TrainStage, resumed: Mapping[str, Any] | None) -> None:
        training = stage.training
        live = self._trains_encoder(stage)
        for encoder in self._encoders.values():
            encoder.requires_grad_(live)
            encoder.set_gradient_checkpointing(live and training.gradient_checkpointing)
        trained = self._encoders if live else {}
        optimisers = make_optimisers(self._method.optimisers(stage, trained), training)
        if not optimisers:
            return
        count = sum(parameter.numel() for optimiser in optimisers.values() for parameter in optimiser.parameters)
        self._result.trained_parameters = max(self._result.trained_parameters, count)
        average = WeightAverage(self._modules(), training.ema) if training.ema else None
        first_epoch = 0
        if resumed is not None and int(resumed["stage"]) == number:
            first_epoch = int(resumed["epoch"])
            for name, optimiser in optimisers.items():
                optimiser.torch_optimiser.load_state_dict(resumed["optimisers"][name])
            if average is not None:
                average.load(resumed["average"])
        else:
            self._best_number, self._since_best = None, 0
            self._result.best_epoch = self._result.best_score = None
        source = self._sources.for_stage(live, self._touched)
        for epoch in range(first_epoch, training.epochs):
            if training.patience is not None and self._since_best >= training.patience:
                break
            started = time.perf_counter()
            terms, images = self._epoch(number, stage, epoch, source, optimisers, average, trained)
            with average.applied() if average else nullcontext():
                score = self._look(stage, epoch, source)
            seconds = time.perf_counter() - started
            self._result.history.append(EpochResult(stage.name, epoch, terms, score, seconds, images / seconds))
            self._progress.epoch_done(stage.name, epoch, sum(terms.values()), score)
            self._save(number, epoch + 1, optimisers, average)
        self._keep_best(average)

    def _epoch(
        self,
        number: int,
        stage: TrainStage,
        epoch: int,
        source: FeatureSource,
        optimisers: Mapping[str, RunningOptimiser],
        average: WeightAverage | None,
        trained: Mapping[str, Encoder],
    ) -> tuple[dict[str, float], int]:
        """Train one epoch; return the mean of each loss term and the number of images seen."""
        training = stage.training
        parts: Sequence[int | str] = (self._seed, "stage", number, "epoch", epoch)
        seed_torch(*parts)
        self._method.train()
        for encoder in trained.values():
            encoder.train(not training.encoder_eval)
        data = self._examples(stage, epoch)
        batches = data.batches_per_epoch(training.batch_size)
        steps_per_epoch = math.ceil(batches / training.accumulate)
        total_steps = steps_per_epoch * training.epochs
        self._progress.epoch_started(stage.name, epoch, training.epochs, batches)
        sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), device=self._device))
        images = 0
        with self._autocast():
            stream = train_batches(data, source, training, epoch=epoch, seed_parts=parts)
        for index in range(batches):
            with self._autocast():
                batch = next(stream)
            seed_torch(*parts, "batch", index)  # dropout, whatever the augmentation drew
            step_number = epoch * steps_per_epoch + index // training.accumulate
            factor = lr_factor(training, epoch, step_number, total_steps)
            take = (index + 1) % training.accumulate == 0 or index == batches - 1
            steps = iter(self._method.training_steps(batch, stage))
            while True:
                with self._autocast():
                    step = next(steps, None)
                    if step is None:
                        break
                    total = step.total()
                self._backward(step, total / training.accumulate, optimisers, stage, epoch)
                if take:
                    optimisers[step.optimiser].set_lr_factor(factor)
                    optimisers[step.optimiser].step(training.clip_norm)
                for name, term in step.terms.items():
                    sums[name] += term.detach().float()
            if take and average is not None:
                average.update()
            images += 2 * len(batch.same_target)
            self._progress.batch_done(2 * len(batch.same_target))
        return {name: self._finite(float(total) / batches, name, stage, epoch) for name, total in sums.items()}, images

    def _examples(self, stage: TrainStage, epoch: int) -> TrainSet:
        """What an epoch of the stage trains on: the triplets, or images with their descriptions."""
        if not stage.descriptions:
            examples, what = self._data.of_epoch(epoch), "triplet; add some, or hold none out (--set selection.on=last)"
        elif self._descriptions is not None:
            examples, what = self._descriptions(), "image with a description; add descriptions"
        else:
            raise RunError(f"Stage {stage.name!r} trains on descriptions, and this trainer was given none.")
        if len(examples) < 2:  # a loss among one target is 0 and trains nothing; batch norm has no variance
            raise RunError(
                f"Stage {stage.name!r} needs two examples at least, as the other targets of a batch are its negatives, "
                f"and has {len(examples)} {what}."
            )
        return examples

    def _backward(
        self, step: TrainStep, total: Tensor, optimisers: Mapping[str, RunningOptimiser], stage: TrainStage, epoch: int
    ) -> None:
        if step.optimiser not in optimisers:
            raise RunError(
                f"Stage {stage.name!r} yields a step of the optimiser {step.optimiser!r}, which it does not have "
                f"(it has {', '.join(optimisers)}); name it in `optimisers`."
            )
        if not total.requires_grad:
            raise RunError(
                f"The loss of stage {stage.name!r} (epoch {epoch}) depends on nothing that is trained; "
                "check that the terms are computed from the modules' outputs without detaching them."
            )
        total.backward()  # type: ignore[no-untyped-call]  # torch does not annotate Tensor.backward

    def _finite(self, value: float, name: str, stage: TrainStage, epoch: int) -> float:
        if not math.isfinite(value):
            raise RunError(
                f"The loss term {name!r} became {value} in epoch {epoch} of stage {stage.name!r}; "
                "try a smaller learning rate (--set training.lr=…) or --precision float32."
            )
        return value

    def _look(self, stage: TrainStage, epoch: int, source: FeatureSource) -> float | None:
        """Take the held-out score where it is due, and keep the weights when they are the best so far."""
        due = (epoch + 1) % self._selection.every == 0 or epoch + 1 == stage.training.epochs
        if self._score is None or not stage.select or not due:
            return None
        self._method.eval()
        for encoder in self._encoders.values():
            encoder.eval()
        score = self._score(source, self._touched)
        best = self._result.best_score
        if best is None or score > best:
            self._result.best_score, self._result.best_epoch, self._since_best = score, epoch + 1, 0
            self._best_number = (self._best_number or 0) + 1
            self._checkpoints.write_weights(self._best_number, self._modules().state_dict())
        else:
            self._since_best += 1
        return score

    def _keep_best(self, average: WeightAverage | None) -> None:
        """Load the chosen weights; without a choice the last ones, averaged where the stage averages."""
        modules = self._modules()
        if self._best_number is not None:
            weights = self._checkpoints.read_weights(self._best_number)
            if weights is None:
                raise RunError("The weights of the best epoch cannot be read back; run the cell again.")
            modules.load_state_dict(weights)
        else:
            if average is not None:
                with average.applied():
                    weights = {name: tensor.detach().clone() for name, tensor in modules.state_dict().items()}
                modules.load_state_dict(weights)
            self._checkpoints.write_weights(0, modules.state_dict())

    def _save(
        self, number: int, epoch: int, optimisers: Mapping[str, RunningOptimiser], average: WeightAverage | None
    ) -> None:
        self._checkpoints.save(
            {
                "stage": number,
                "epoch": epoch,
                "weights": self._modules().state_dict(),
                "optimisers": {name: o.torch_optimiser.state_dict() for name, o in optimisers.items()},
                "average": average.state() if average else {},
                "best_number": self._best_number,
                "best_epoch": self._result.best_epoch,
                "best_score": self._result.best_score,
                "since_best": self._since_best,
                "history": [vars(epoch_result) for epoch_result in self._result.history],
                "touched": self._touched,
            }
        )

    def _restore(self, state: Mapping[str, Any]) -> int:
        self._touched = bool(state["touched"])
        self._modules().load_state_dict(state["weights"])
        self._best_number, self._since_best = state["best_number"], int(state["since_best"])
        self._result.best_epoch, self._result.best_score = state["best_epoch"], state["best_score"]
        self._result.history = [EpochResult(**epoch) for epoch in state["history"]]
        return int(state["stage"])

    def _modules(self) -> nn.ModuleDict:
        """All whose weights training has changed: the method, and the encoders once a stage trained them."""
        modules: dict[str, nn.Module] = {"method": self._method}
        if self._touched:
            modules |= {f"encoder-{branch}": encoder for branch, encoder in self._encoders.items()}
        return nn.ModuleDict(modules)

    def _autocast(self) -> AbstractContextManager[None]:
        if self._precision == "float32":
            return nullcontext()
        return torch.autocast(self._device.type, dtype=torch.bfloat16)
