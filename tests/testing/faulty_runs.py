"""A plugin with a sound method, and methods whose runs break the contract in one way each."""

import torch
from torch import nn

from cir_bench import Composer, Embedding, MethodSpec, Needs, StandardMethod, TrainStep, hookimpl, levels


class Mix(Composer):
    def __init__(self, params, context):
        super().__init__()
        shape = context.shape
        self.mix = nn.Linear(shape.image.width + shape.text.width, shape.image.width)

    def compose(self, reference, text):
        return Embedding.single(self.mix(torch.cat([reference.need_pooled(), text.need_pooled()], dim=1)))


class TellsTargets(Mix):
    """Its queries depend on what was put into ``told``, as if it had read the annotations of the test split."""

    told = 0.0

    def compose(self, reference, text):
        query = super().compose(reference, text).main
        return Embedding.single(query + TellsTargets.told * torch.eye(query.shape[1])[0])


class NeedsWords(Mix):
    def compose(self, reference, text):
        _, mask = text.need_tokens()
        speechless = (mask.sum(1, keepdim=True) < 2) & (not self.training)
        return Embedding.single(super().compose(reference, text).main.masked_fill(speechless, torch.nan))


class Counts(Mix):
    """Its weights depend on how many were made before."""

    made = 0

    def __init__(self, params, context):
        super().__init__(params, context)
        Counts.made += 1
        nn.init.normal_(self.mix.bias, float(Counts.made))


class Ordered(Mix):
    """The first candidate of every batch is pushed away."""

    def embed_target(self, image):
        vectors = image.need_pooled().clone()
        vectors[0] = -vectors[0]
        return Embedding.single(vectors)


class Sound(StandardMethod):
    def __init__(self, params, context):
        super().__init__(params, Mix(params, context), {"rank": context.loss("batch-classification")})


class Fails(Sound):
    def training_steps(self, batch, stage):
        raise ZeroDivisionError("in the first step")


class NanLoss(Sound):
    def training_steps(self, batch, stage):
        for step in super().training_steps(batch, stage):
            yield TrainStep({name: term * torch.nan for name, term in step.terms.items()})


METHODS = {
    "sound": Mix,
    "peeks": TellsTargets,
    "speechless": NeedsWords,
    "unseeded": Counts,
    "firstcandidate": Ordered,
    "fails": Fails,
    "nanloss": NanLoss,
}


@hookimpl
def cir_bench_methods():
    return [
        MethodSpec(
            name=f"run-{name}",
            summary="for tests",
            implementation=one,
            loss="batch-classification" if issubclass(one, Composer) else None,
            needs=Needs(text=levels("pooled", "tokens")),
        )
        for name, one in METHODS.items()
    ]
