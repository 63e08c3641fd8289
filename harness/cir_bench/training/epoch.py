"""One epoch of a stage: batches, losses, optimiser steps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cir_bench.errors import RunError
from cir_bench.features.source import FeatureSource
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.events import WorkProgress
from cir_bench.interfaces.method import Method, TrainBatch, TrainStage, TrainStep
from cir_bench.ranks.tensors import sum_gradients
from cir_bench.training.batches import TrainSet, train_batches
from cir_bench.training.ema import WeightAverage
from cir_bench.training.optimisers import RunningOptimiser, lr_factor
from cir_bench.training.parts import Computation
from cir_bench.training.seeding import seed_torch
from cir_bench.training.shares import GradientShares


class TrainedEpoch(NamedTuple):
    """The mean of each loss term, its share of the gradient at the first batch, and the number of images seen."""

    terms: dict[str, float]
    shares: dict[str, float]
    images: int


@dataclass(frozen=True)
class StageRun:
    """A stage under training (``number`` counts from 0), with the encoders that it trains."""

    number: int
    stage: TrainStage
    method: Method
    encoders: Mapping[str, Encoder]
    source: FeatureSource
    optimisers: Mapping[str, RunningOptimiser]
    average: WeightAverage | None
    computation: Computation

    def train(self, epoch: int, examples: TrainSet) -> TrainedEpoch:
        """Train one epoch (from 0)."""
        training, computation = self.stage.training, self.computation
        parts: Sequence[int | str] = (computation.cell.seed, "stage", self.number, "epoch", epoch)
        seed_torch(*parts)
        self.method.train()
        for encoder in self.encoders.values():
            encoder.train(not training.encoder_eval)
        batches = examples.batches_per_epoch(training.batch_size)
        size = min(training.batch_size, len(examples))
        if self.encoders and size < computation.ranks.size:
            raise RunError(
                f"A batch of {size} {examples.of} cannot be shared by {computation.ranks.size} processes; start fewer "
                "(--nproc-per-node), or raise training.batch_size."
            )
        images = examples.images_each * batches * size
        steps_per_epoch = math.ceil(batches / training.accumulate)
        sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), device=computation.device))
        with computation.autocast():
            stream = train_batches(
                examples,
                self.source,
                training,
                epoch=epoch,
                seed_parts=parts,
                device=computation.device,
                gallery=self.stage.gallery,
            )
        self._announce(epoch, 0, images)
        shares = GradientShares(self.method.parameters())
        for index in range(batches):
            with computation.autocast():
                batch = next(stream)
            seed_torch(*parts, "batch", index)  # dropout must not depend on what the augmentation drew
            take = (index + 1) % training.accumulate == 0 or index == batches - 1
            step_number = epoch * steps_per_epoch + index // training.accumulate
            factor = lr_factor(training, epoch, step_number, steps_per_epoch * training.epochs)
            for step, total in self._steps(batch):
                if index == 0 and len(step.terms) > 1:
                    shares.add(step)
                self._backward(step, total if training.accumulate == 1 else total / training.accumulate, epoch)
                if take:
                    optimiser = self.optimisers[step.optimiser]
                    sum_gradients(computation.ranks, self._of_encoders(optimiser))
                    optimiser.step(factor, training.clip_norm)
                for name, term in step.terms.items():
                    sums[name] += term.detach().float()
            if take and self.average is not None:
                self.average.update()
            self._announce(epoch, images * (index + 1) // batches, images)
        terms = {name: self._finite(float(total) / batches, name, epoch) for name, total in sums.items()}
        return TrainedEpoch(terms, shares.shares(), images)

    def _steps(self, batch: TrainBatch) -> Iterator[tuple[TrainStep, Tensor]]:
        """The steps of a batch with their total losses; each is taken before the method computes the next."""
        steps = iter(self.method.training_steps(batch, self.stage))
        while True:
            with self.computation.autocast():
                if (step := next(steps, None)) is None:
                    return
                total = step.total()
            yield step, total

    def _of_encoders(self, optimiser: RunningOptimiser) -> list[nn.Parameter]:
        """Its parameters that are the encoders': each rank has the gradients of its own rows."""
        if not self.encoders:
            return []
        own = {id(parameter) for encoder in self.encoders.values() for parameter in encoder.parameters()}
        return [parameter for parameter in optimiser.parameters if id(parameter) in own]

    def _backward(self, step: TrainStep, total: Tensor, epoch: int) -> None:
        if step.optimiser not in self.optimisers:
            raise RunError(
                f"Stage {self.stage.name!r} yields a step of the optimiser {step.optimiser!r}, which it does not have "
                f"(it has {', '.join(self.optimisers)}); name it in `optimisers`."
            )
        if not total.requires_grad:
            raise RunError(
                f"The loss of stage {self.stage.name!r} (epoch {epoch}) depends on nothing that is trained; "
                "check that the terms are computed from the modules' outputs without detaching them."
            )
        self.optimisers[step.optimiser].backward(total)

    def _finite(self, value: float, name: str, epoch: int) -> float:
        if not math.isfinite(value):
            raise RunError(
                f"The loss term {name!r} became {value} in epoch {epoch} of stage {self.stage.name!r}; "
                "try a smaller learning rate (--set training.lr=…) or --precision float32."
            )
        return value

    def _announce(self, epoch: int, done: int, images: int) -> None:
        epochs = self.stage.training.epochs
        detail = f"{self.stage.name} {epoch + 1}/{epochs}"
        done, total = epoch * images + done, epochs * images
        self.computation.announce(WorkProgress(self.computation.cell, "training", detail, done, total))
