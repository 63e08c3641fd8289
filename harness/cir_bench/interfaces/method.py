"""`Method`: a composer, its losses, and how they are trained."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from cir_bench.errors import ConfigError
from cir_bench.interfaces.composer import Composer, TopK
from cir_bench.interfaces.embedding import Embedding, ScoreFunction, joint_score
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.loss import Loss
from cir_bench.interfaces.reranker import Reranker
from cir_bench.params.models import MethodParams, Training


class TrainGallery(Protocol):
    """All images of the epoch's triplets, in a fixed order, for a stage with `TrainStage.gallery`."""

    @property
    def reference(self) -> Tensor:
        """``[B]`` int64, the rows of the batch's reference images."""

    @property
    def target(self) -> Tensor:
        """``[B]`` int64, the rows of its target images."""

    def __len__(self) -> int:
        """N, the number of images."""

    def features(self, rows: Tensor) -> Features:
        """Features of the images ``rows`` ``[n]``, repeats allowed; no gradient goes into them."""


@dataclass(frozen=True)
class TrainBatch:
    """Features of B training triplets, of B images or of B texts (`Needs`). A method sees targets nowhere else."""

    reference: Features
    """Features of the reference images, with gradients if the stage trains the encoder. Of images alone, reference and
    target are the same image, and every text is empty; of texts alone, there are no features of images."""
    text: Features
    """Features of the modification texts."""
    target: Features
    """Features of the target images."""
    same_target: Tensor
    """``[B, B]`` bool, true where targets i and j are the same image, or of texts alone the same text; with
    ``mask_same_target`` off, true on the diagonal alone."""
    side_text: Features | None = None
    """With ``Needs.side_text``, features of the targets' own descriptions; of an empty text where there is none."""
    described: Tensor | None = None
    """``[B]`` bool, true where the target has a description; None without ``side_text``."""
    epoch: int = 0
    """Finished epochs of this stage."""
    step: int = 0
    """Finished optimiser steps of this stage."""
    gallery: TrainGallery | None = None
    """The images of all triplets, with `TrainStage.gallery`."""


@dataclass(frozen=True)
class TrainStep:
    """The loss terms of one optimiser step, logged by name; their sum with ``weights`` is minimised."""

    terms: Mapping[str, Tensor]
    weights: Mapping[str, float] = field(default_factory=dict)
    optimiser: str = "main"

    def total(self) -> Tensor:
        """The scalar that is minimised: the sum of ``weights[name] * terms[name]``, with 1 as the default weight."""
        # an operation that changes nothing would still be another one in the backward pass
        weights = {name: self.weights.get(name, 1.0) for name in self.terms}
        weighted = [term if weights[name] == 1.0 else weights[name] * term for name, term in self.terms.items()]
        if len(weighted) == 1 and not weighted[0].ndim:
            return weighted[0]
        return torch.stack(weighted).sum()


@dataclass(frozen=True)
class TrainStage:
    """One stage of training. Stages run in order, each starting from the weights of the one before."""

    name: str
    """Shown in progress, logs and records."""
    training: Training
    """Its settings. The trainer resolves ``training.encoder``: "train" keeps gradients in the features, "frozen" takes
    them from the cache (computed anew if an earlier stage changed the encoder)."""
    select: bool = True
    """Choose this stage's checkpoint by the held-out score. False if that score means nothing, because the stage does
    not train the composition (VAL's pre-training on descriptions); its last epoch is then kept."""
    descriptions: bool = False
    """Train on images with their own descriptions instead of triplets: reference and target are the same image of the
    train split, text and side text its description. With ``Needs.side_text_from`` they come from another data set."""
    gallery: bool = False
    """Give every batch the images of all triplets (`TrainBatch.gallery`). Only with a frozen encoder."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with their learning rate."""

    parameters: Sequence[nn.Parameter]
    lr: float


@dataclass(frozen=True)
class Optimiser:
    """One optimiser of a stage; `TrainStep.optimiser` says which one takes the step."""

    name: str
    groups: Sequence[ParameterGroup]


class Method(nn.Module, ABC):
    """Base of every method: constructed as ``Class(params, context)``, with composer and losses as submodules.

    Training calls :meth:`training_steps` for every batch of every stage. Evaluation uses :attr:`composer` and
    :attr:`reranker` alone and never gives them a target.
    """

    composer: Composer
    reranker: Reranker | None
    """The second stage, which rescores the composer's best candidates; None: there is none."""
    branches: Sequence[str] = ()
    """Names of separate copies of the encoder (CLVC-Net: local, global), see `Features.branch`; empty: one encoder."""

    def __init__(self, params: MethodParams) -> None:
        super().__init__()
        self.params = params
        self.reranker = None

    def stages(self) -> Sequence[TrainStage]:
        """The stages in order; by default one with ``params.training``. A stage with nothing to train is skipped."""
        return (TrainStage("training", self.params.training),)

    def optimisers(self, stage: TrainStage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """The optimisers of ``stage``; by default one, ``main``, for the method and the encoders that are trained.

        Args:
            stage: the stage about to start.
            encoders: the copies of the encoder that this stage trains, by branch ("main" without branches).

        Raises:
            ConfigError: ``encoder_lr`` is set, and an encoder has no pretrained part.
        """
        training = stage.training
        groups = [ParameterGroup([p for p in self.parameters() if p.requires_grad], training.lr)]
        for encoder in encoders.values():
            by_name = encoder.parameter_groups()
            if training.encoder_lr and "backbone" not in by_name:
                raise ConfigError(
                    f"encoder_lr={training.encoder_lr:g} of the stage {stage.name!r} meets no parameter: "
                    f"{type(encoder).__name__} has no pretrained part; make it pretrained or set encoder_lr=null."
                )
            for name, parameters in by_name.items():
                lr = training.encoder_lr if name == "backbone" and training.encoder_lr else training.lr
                groups.append(ParameterGroup([p for p in parameters if p.requires_grad], lr))
        return (Optimiser("main", [group for group in groups if group.parameters]),)

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """Yield the optimiser steps of one batch; each is taken before the generator continues."""
        raise NotImplementedError(f"{type(self).__name__} has something to train but no training_steps")


class StandardMethod(Method):
    """A composer and weighted losses on (query, target): what most methods are.

    Args:
        params: the method's parameters.
        composer: the composer.
        losses: loss terms by name; without any there is nothing to train.
        weights: weight of each term; 1 by default.
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
        """One with ``params.training``; none without a loss."""
        return super().stages() if self.losses else ()

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step with every loss on the queries and their targets."""
        query = self.composer.compose(batch.reference, batch.text)
        target = self.composer.embed_target(batch.target)
        score = self.composer.scorer
        if self.composer.uses_gallery:
            query = self.composer.refine(query, BatchGallery(target, score))
        terms = {name: loss(query, target, batch.same_target, score) for name, loss in self.losses.items()}
        yield TrainStep(terms, self.weights)


class BatchGallery:
    """The B targets of the mini-batch as a :class:`GalleryView` (SADN's neighbourhood in training), nothing excluded.

    ``score`` is the composer's score (`Composer.scorer`).
    """

    def __init__(self, targets: Embedding, score: ScoreFunction = joint_score) -> None:
        self._targets, self._score = targets, score
        self._vectors: Tensor | None = None

    def __len__(self) -> int:
        return len(self._targets)

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best targets of the batch for each query."""
        scores, rows = self._score(queries, self._targets).topk(min(k, len(self)), dim=1)
        return TopK(rows=rows, scores=scores)

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]``, with gradients to the targets."""
        if self._vectors is None:
            self._vectors = self._targets.main if len(self._targets.spaces) == 1 else self._targets.joint()
        return self._vectors[rows]
