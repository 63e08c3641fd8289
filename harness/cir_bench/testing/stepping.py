"""Steps of a method on one batch, as `MethodContract` takes them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.method import BatchGallery, Method, TrainBatch, TrainStage, TrainStep
from cir_bench.testing.base import seeded


def train(method: Method, stage: TrainStage, batch: TrainBatch) -> list[float]:
    """The totals of thirty steps on one batch; empty when there is nothing to train."""
    optimisers = {
        one.name: torch.optim.Adam([{"params": list(group.parameters), "lr": 3e-3} for group in one.groups])
        for one in method.optimisers(stage, {})
        if one.groups
    }
    totals = []
    with seeded(8):
        for _ in range(30 if optimisers else 0):
            total = 0.0
            for step in method.training_steps(as_given(stage, batch), stage):
                method.zero_grad()
                torch.autograd.backward(step.total())
                optimisers[step.optimiser].step()
                total += float(step.total().detach())
            totals.append(total)
    return totals


def train_all(method: Method, batch: TrainBatch) -> list[tuple[str, list[float]]]:
    """Train every stage in turn: its name, and its totals."""
    return [(stage.name, train(method, stage, batch)) for stage in method.stages()]


def margin(method: Method, batch: TrainBatch) -> float:
    """By how much evaluation scores right pairs above wrong ones, on average."""
    composer = method.eval().composer
    with torch.no_grad():
        query, target = composer.compose(batch.reference, batch.text), composer.embed_target(batch.target)
        if composer.uses_gallery:
            query = composer.refine(query, BatchGallery(target, composer.scorer))
        scores = composer.score(query, target)
        if method.reranker is not None and method.reranker.rescoring:
            every = torch.arange(len(scores)).repeat(len(scores))
            scores = method.reranker.rescore(batch.reference, batch.text, batch.target[every], scores)
    method.train()
    return float(scores.diagonal().mean() - scores[~batch.same_target].mean())


def steps(method: Method, stage: TrainStage, batch: TrainBatch) -> list[TrainStep]:
    """The steps of one batch, drawn from one seed; none is taken."""
    with seeded(9):
        return list(method.training_steps(as_given(stage, batch), stage))


def all_terms(method: Method, stage: TrainStage, batch: TrainBatch) -> dict[str, Tensor]:
    """The terms of all steps of one batch."""
    return {
        name: term for step in method.training_steps(as_given(stage, batch), stage) for name, term in step.terms.items()
    }


def all_scores(composer: Composer, reference: Features, text: Features, image: Features) -> dict[str, Tensor]:
    """Queries, candidates, and the scores of each with each."""
    query, target = composer.compose(reference, text), composer.embed_target(image)
    if composer.uses_gallery:
        query = composer.refine(query, BatchGallery(target, composer.scorer))
    return {**query.spaces, **target.spaces, "score": composer.score(query, target)}


def as_given(stage: TrainStage, batch: TrainBatch) -> TrainBatch:
    """The batch as the trainer gives it to the stage."""
    return batch if stage.gallery else replace(batch, gallery=None)
