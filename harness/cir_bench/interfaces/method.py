"""`Method`: the recipe that wires encoder, composer and losses together, and how it is trained."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cir_bench.interfaces.composer import Composer, TopK
from cir_bench.interfaces.embedding import Embedding, ScoreFunction, joint_score
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.loss import Loss
from cir_bench.params.models import MethodParams, Training


@dataclass(frozen=True)
class TrainBatch:
    """B training triplets as features. The only place where a method sees targets.

    Attributes:
        reference: features of the reference images; with gradients when the stage trains the encoder.
        text: features of the modification texts.
        target: features of the target images.
        same_target: ``[B, B]`` bool, true where target j is the same image as target i (or ``mask_same_target`` is
            off: the diagonal alone).
        side_text: features of the targets' own descriptions, with ``Needs.side_text`` (empty text where there is none).
        described: ``[B]`` bool, true where the target has a description; None without ``side_text``.
        epoch: epochs finished in this stage.
        step: optimiser steps finished in this stage.
    """

    reference: Features
    text: Features
    target: Features
    same_target: Tensor
    side_text: Features | None = None
    described: Tensor | None = None
    epoch: int = 0
    step: int = 0


@dataclass(frozen=True)
class TrainStep:
    """Loss terms of one optimiser step. Every term is logged by its name; the sum with ``weights`` is minimised."""

    terms: Mapping[str, Tensor]
    weights: Mapping[str, float] = field(default_factory=dict)
    optimiser: str = "main"

    def total(self) -> Tensor:
        """The scalar that is minimised: ``sum_name weights[name] (default 1) * terms[name]``."""
        return torch.stack([self.weights.get(name, 1.0) * term for name, term in self.terms.items()]).sum()


@dataclass(frozen=True)
class TrainStage:
    """One stage of training, run in order; the weights of one stage are the start of the next.

    Attributes:
        name: shown in progress, logs and records.
        training: its settings. ``training.encoder`` resolved by the trainer: "train" keeps gradients in the features,
            "frozen" takes them from the cache (extracted anew when an earlier stage changed the encoder).
        select: choose this stage's checkpoint by the held-out score. False where that score means nothing, because the
            stage does not train the composition (VAL's pre-training on descriptions): its last epoch is kept.
        descriptions: train on images with their own descriptions rather than on triplets: reference and target are one
            image of the train split, text and side text its description. With ``Needs.side_text`` they are the
            benchmark's own, with ``Needs.side_text_from`` another data set's.
    """

    name: str
    training: Training
    select: bool = True
    descriptions: bool = False


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with a learning rate of their own."""

    parameters: Sequence[nn.Parameter]
    lr: float


@dataclass(frozen=True)
class Optimiser:
    """One optimiser of a stage; ``TrainStep.optimiser`` names the one that a step belongs to."""

    name: str
    groups: Sequence[ParameterGroup]


class Method(nn.Module, ABC):
    """Base of every method: constructed as ``Class(params, context)``; holds its composer and losses as submodules.

    At evaluation only :attr:`composer` is used, and it is never given a target. Training calls
    :meth:`training_steps` for every batch of every stage.
    """

    composer: Composer
    branches: Sequence[str] = ()
    """Names of separate encoder copies (CLVC-Net: local, global); empty: one encoder. See ``Features.branch``."""

    def __init__(self, params: MethodParams) -> None:
        super().__init__()
        self.params = params

    def stages(self) -> Sequence[TrainStage]:
        """The stages in order; the default is one, with ``params.training``. Nothing to train: it is skipped."""
        return (TrainStage("training", self.params.training),)

    def optimisers(self, stage: TrainStage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """The optimisers of ``stage``; the default is one, ``main``, over the method and the encoders being trained.

        Args:
            stage: the stage about to start.
            encoders: encoder copies that this stage trains, by branch ("main" without branches); empty when frozen.
        """
        training = stage.training
        groups = [ParameterGroup([p for p in self.parameters() if p.requires_grad], training.lr)]
        for encoder in encoders.values():
            for name, parameters in encoder.parameter_groups().items():
                lr = training.encoder_lr if name == "backbone" and training.encoder_lr else training.lr
                groups.append(ParameterGroup([p for p in parameters if p.requires_grad], lr))
        return (Optimiser("main", [group for group in groups if group.parameters]),)

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """Yield the optimiser steps of one batch; each is taken before the generator goes on (alternating training)."""
        raise NotImplementedError(f"{type(self).__name__} has something to train but no training_steps")


class StandardMethod(Method):
    """A composer and weighted losses on (query, target): what most methods are.

    Args:
        params: the method's parameters.
        composer: the composer.
        losses: loss terms by name; without any there is nothing to train.
        weights: weight of each term, 1 where not given.
    """

    def __init__(
        self,
        params: MethodParams,
        composer: Composer,
        losses: Mapping[str, Loss],
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(params)
        self.composer = composer
        self.losses = nn.ModuleDict(dict(losses))
        self.weights = dict(weights or {})

    def stages(self) -> Sequence[TrainStage]:
        """One, with ``params.training``; none without a loss."""
        return super().stages() if self.losses else ()

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step: every loss on the composed queries and the embedded targets."""
        query = self.composer.compose(batch.reference, batch.text)
        target = self.composer.embed_target(batch.target)
        score = self.composer.scorer
        if self.composer.uses_gallery:
            query = self.composer.refine(query, BatchGallery(target, score))
        terms = {name: loss(query, target, batch.same_target, score) for name, loss in self.losses.items()}
        yield TrainStep(terms, self.weights)


class BatchGallery:
    """The mini-batch's targets as a :class:`GalleryView` (SADN's neighbourhood in training); nothing is excluded.

    Args:
        targets: the B targets.
        score: the composer's score (`Composer.scorer`).
    """

    def __init__(self, targets: Embedding, score: ScoreFunction = joint_score) -> None:
        self._targets, self._score = targets, score
        self._joint = targets.joint()

    def __len__(self) -> int:
        return len(self._targets)

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best targets of the batch for each query."""
        scores, rows = self._score(queries, self._targets).topk(min(k, len(self)), dim=1)
        return TopK(rows=rows, scores=scores)

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]``, with gradients to the targets."""
        vectors = self._targets.main if len(self._targets.spaces) == 1 else self._joint
        return vectors[rows]
