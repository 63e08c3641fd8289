"""A plugin with a sound method, and methods that break the contract in one way each."""

from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from cir_bench import (
    Composer,
    Embedding,
    MethodParams,
    MethodSpec,
    Optimiser,
    ParameterGroup,
    PublishedWeights,
    StandardMethod,
    TrainStage,
    TrainStep,
    Tunable,
    hookimpl,
    joint_score,
)


class SoundMethod(StandardMethod):
    """With a teacher that sees the target in training only."""

    def __init__(self, params, context):
        super().__init__(params, context.composer("sound"), {"rank": context.loss("sound")})
        width = context.shape.image.width
        self.teacher = nn.Linear(2 * width, width)

    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            both = torch.cat([batch.reference.need_pooled(), batch.target.need_pooled()], dim=1).detach()
            distilled = (self.composer.compose(batch.reference, batch.text).main - self.teacher(both)).square().mean()
            yield TrainStep({**step.terms, "teacher": distilled}, {"teacher": 0.1})


class RemembersTargets(SoundMethod):
    def __init__(self, params, context):
        super().__init__(params, context)
        self.composer = Memory(self.composer)

    def training_steps(self, batch, stage):
        self.composer.last = batch.target.need_pooled().mean(0).detach()
        yield from super().training_steps(batch, stage)


class Memory(Composer):
    def __init__(self, inner):
        super().__init__()
        self.inner, self.last = inner, 0.0

    def compose(self, reference, text):
        return Embedding.single(self.inner.compose(reference, text).main + self.last)


class UsesTeacher(SoundMethod):
    """Its composer reaches for the teacher, which is no part of it."""

    def __init__(self, params, context):
        super().__init__(params, context)
        self.composer = Reaching(self.composer, self.teacher)


class Reaching(Composer):
    def __init__(self, inner, teacher):
        super().__init__()
        self.inner = inner
        self.reach = [teacher]

    def compose(self, reference, text):
        query = self.inner.compose(reference, text).main
        return Embedding.single(query + self.reach[0](torch.cat([query, query], dim=1)))


class MinusCosine(Composer):
    """A score of its own, and the opposite of what the cosine says."""

    factorises = False

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def compose(self, reference, text):
        return self.inner.compose(reference, text)

    def score(self, query, target):
        return -joint_score(query, target)


class OwnScore(SoundMethod):
    """Sound: it trains the score of its composer."""

    def __init__(self, params, context):
        super().__init__(params, context)
        self.composer = MinusCosine(self.composer)


class TrainsCosines(OwnScore):
    """It trains cosines, and is evaluated by another score."""

    def training_steps(self, batch, stage):
        query, target = self.composer.compose(batch.reference, batch.text), self.composer.embed_target(batch.target)
        for step in super().training_steps(batch, stage):
            yield TrainStep({**step.terms, "rank": self.losses["rank"](query, target, batch.same_target)})


class NoSteps(SoundMethod):
    def training_steps(self, batch, stage):
        yield from ()


class NanTerm(SoundMethod):
    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield TrainStep({name: term / 0 * 0 for name, term in step.terms.items()})


class UnknownOptimiser(SoundMethod):
    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield TrainStep(step.terms, optimiser="teacher")


class UnknownWeight(SoundMethod):
    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield TrainStep(step.terms, {"techer": 0.1})


class ForgetsTeacher(SoundMethod):
    """No optimiser steps the teacher."""

    def optimisers(self, stage, encoders):
        return (Optimiser("main", [ParameterGroup(list(self.composer.parameters()), 1e-3)]),)


class TwiceInGroups(SoundMethod):
    def optimisers(self, stage, encoders):
        both = ParameterGroup(list(self.parameters()), 1e-3)
        return (Optimiser("main", [both]), Optimiser("second", [both]))


class IdleParameter(SoundMethod):
    def __init__(self, params, context):
        super().__init__(params, context)
        self.idle = nn.Parameter(torch.zeros(3))


class SameStages(SoundMethod):
    def stages(self):
        return (TrainStage("one", self.params.training), TrainStage("one", self.params.training))


class Climbs(SoundMethod):
    """Its gradient points the wrong way."""

    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield TrainStep({name: term.detach() * 2 - term for name, term in step.terms.items()})


class CpuTerm(SoundMethod):
    """A term that is made on the CPU."""

    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield TrainStep({**step.terms, "constant": torch.tensor(1.0)})


class FarParams(MethodParams):
    tau: Annotated[float, Tunable(0.1, 1.0)] = 2.0


class ClosedParams(MethodParams):
    dropout: Annotated[float, Field(lt=1), Tunable(0.0, 1.0)] = 0.5


class SharpParams(MethodParams):
    tau: Annotated[float, Tunable(0.0, 1.0)] = 0.5


class DividesByTau(SoundMethod):
    """Its loss is infinite at the low end of the range."""

    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield TrainStep({name: term / self.params.tau for name, term in step.terms.items()})


PARAMS = {"far-default": FarParams, "closed-end": ClosedParams, "sharp-end": SharpParams}


def _doubled(weights):
    return {name: 2 * tensor for name, tensor in weights.items()}


PUBLISHED = {
    "sound": PublishedWeights(entry="Model"),
    "doubled-weights": PublishedWeights(convert=_doubled),
    "lost-width": PublishedWeights(entry="Model", width=("nothing.weight", 0)),
}


METHODS = {
    "sound": SoundMethod,
    "remembers-targets": RemembersTargets,
    "uses-teacher": UsesTeacher,
    "own-score": OwnScore,
    "trains-cosines": TrainsCosines,
    "no-steps": NoSteps,
    "nan-term": NanTerm,
    "unknown-optimiser": UnknownOptimiser,
    "unknown-weight": UnknownWeight,
    "forgets-teacher": ForgetsTeacher,
    "twice-in-groups": TwiceInGroups,
    "idle-parameter": IdleParameter,
    "same-stages": SameStages,
    "climbs": Climbs,
    "cpu-term": CpuTerm,
    "far-default": SoundMethod,
    "closed-end": SoundMethod,
    "sharp-end": DividesByTau,
    "doubled-weights": SoundMethod,
    "lost-width": SoundMethod,
}


@hookimpl
def cir_bench_methods():
    return [
        MethodSpec(
            name=name,
            summary="for tests",
            implementation=f"{__name__}:{found.__name__}",
            params=PARAMS.get(name, MethodParams),
            published=PUBLISHED.get(name),
            recipes={"*": {"training": {"epochs": 3}}},
        )
        for name, found in METHODS.items()
    ]
