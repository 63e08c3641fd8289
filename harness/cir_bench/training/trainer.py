"""`Trainer`: runs the stages of a method's training; a killed one continues after its last finished epoch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from torch import nn

from cir_bench.errors import StorageError
from cir_bench.interfaces.events import EpochFinished
from cir_bench.interfaces.method import TrainStage
from cir_bench.ranks.batchnorm import share_batch_norm
from cir_bench.ranks.tensors import check_equal
from cir_bench.training.checkpoints import FINAL, Checkpoints
from cir_bench.training.ema import WeightAverage
from cir_bench.training.epoch import StageRun
from cir_bench.training.optimisers import make_optimisers
from cir_bench.training.parts import Computation, Selector, StageSources, Trainee, TrainExamples
from cir_bench.training.state import EpochResult, TrainState


class Trainer:
    """Trains one method, with the objects of ``parts.py``."""

    def __init__(
        self,
        trainee: Trainee,
        examples: TrainExamples,
        sources: StageSources,
        selector: Selector,
        checkpoints: Checkpoints,
        computation: Computation,
    ) -> None:
        self._trainee, self._examples, self._sources = trainee, examples, sources
        self._selector, self._checkpoints, self._computation = selector, checkpoints, computation
        self._ranks = computation.ranks
        self._state = TrainState()
        self._chosen: int | None = None
        """The number of the weights that the last finished stage ended with."""

    def run(self) -> TrainState:
        """Train all stages, from where an interrupted run stopped, and leave the chosen weights in the modules."""
        trainee = self._trainee
        stages = [stage for stage in trainee.method.stages() if stage.training.epochs > 0]
        kept = self._ranks.in_turn(lambda: self._checkpoints.load(self._computation.device))
        if kept is not None:
            self._state = TrainState.from_checkpoint(kept)
            self._modules().load_state_dict(kept["weights"])
        first = self._state.stage
        for number, stage in enumerate(stages[first:], first):
            self._state.touched = any(trainee.trains_encoder(one.training) for one in stages[: number + 1])
            self._run_stage(number, stage, kept if number == first else None)
        self._checkpoints.keep_only(self._chosen)
        trainee.eval()
        for encoder in trainee.encoders.values():
            encoder.set_gradient_checkpointing(False)
        return self._state

    def _run_stage(self, number: int, stage: TrainStage, kept: Mapping[str, Any] | None) -> None:
        state, training = self._state, stage.training
        if (running := self._start(number, stage, kept)) is None:
            return
        for epoch in range(state.epoch, training.epochs):
            if training.patience is not None and state.since_best >= training.patience:
                break
            started = time.perf_counter()
            with self._computation.arithmetic():
                trained = running.train(epoch, self._examples.of_epoch(stage, epoch))
            state.epoch = epoch + 1
            with running.average.applied() if running.average else nullcontext():
                score = self._score(running, epoch)
            seconds = time.perf_counter() - started
            check_equal(self._ranks, self._modules(), f"after epoch {state.epoch} of stage {stage.name!r}")
            speed = trained.images / seconds
            result = EpochResult(stage.name, epoch, trained.terms, score, seconds, speed, trained.shares)
            state.history.append(result)
            self._save(running)
            facts = vars(result) | {"epoch": state.epoch, "epochs": training.epochs}
            self._computation.announce(EpochFinished(self._computation.cell, **facts))
        self._keep_best(running.average)

    def _start(self, number: int, stage: TrainStage, kept: Mapping[str, Any] | None) -> StageRun | None:
        """A stage ready for its next epoch; None when it has nothing to train."""
        trainee, training = self._trainee, stage.training
        live = trainee.trains_encoder(training)
        for encoder in trainee.encoders.values():
            encoder.requires_grad_(live)
            encoder.set_gradient_checkpointing(live and training.gradient_checkpointing)
            if live and not training.encoder_eval:
                share_batch_norm(self._ranks, encoder)
        encoders = trainee.encoders if live else {}
        optimisers = make_optimisers(trainee.method.optimisers(stage, encoders), training, self._computation.scaler)
        if not optimisers:
            return None
        count = sum(parameter.numel() for optimiser in optimisers.values() for parameter in optimiser.parameters)
        self._state.trained_parameters = max(self._state.trained_parameters, count)
        average = WeightAverage(self._modules(), training.ema) if training.ema else None
        if kept is None:
            self._state.begin_stage(number)
        else:
            for name, optimiser in optimisers.items():
                optimiser.load(kept["optimisers"][name])
            if average is not None:
                average.load(kept["average"])
        source = self._sources.for_stage(live, self._state.touched)
        return StageRun(number, stage, trainee.method, encoders, source, optimisers, average, self._computation)

    def _score(self, running: StageRun, epoch: int) -> float | None:
        """Take the held-out score when it is due, and keep the weights when they are the best so far."""
        if self._selector.score is None or not self._selector.due(running.stage, epoch):
            return None
        self._trainee.eval()
        score = self._ranks.exchange(self._selector.score(running.source, self._state.touched))[0]
        if self._state.is_best(score):
            assert self._state.best_number is not None
            self._checkpoints.write_weights(self._state.best_number, self._modules().state_dict())
        return score

    def _keep_best(self, average: WeightAverage | None) -> None:
        """Load the chosen weights; without a choice the last ones, averaged if the stage averages."""
        modules, best = self._modules(), self._state.best_number
        self._chosen = FINAL if best is None else best
        if best is not None:
            weights = self._checkpoints.read_weights(best)
            if weights is None:
                self._checkpoints.discard("the weights of the best epoch are damaged")
                raise StorageError("the weights of the best epoch cannot be read back; run the cell again.")
            modules.load_state_dict(weights)
            return
        if average is not None:
            with average.applied():
                averaged = {name: tensor.detach().clone() for name, tensor in modules.state_dict().items()}
            modules.load_state_dict(averaged)
        self._checkpoints.write_weights(FINAL, modules.state_dict())

    def _save(self, running: StageRun) -> None:
        self._checkpoints.save(
            {
                **self._state.to_checkpoint(),
                "weights": self._modules().state_dict(),
                "optimisers": {name: one.state() for name, one in running.optimisers.items()},
                "average": running.average.state() if running.average else {},
            }
        )

    def _modules(self) -> nn.ModuleDict:
        return self._trainee.modules(with_encoders=self._state.touched)
