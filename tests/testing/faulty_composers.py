"""A plugin with sound composers, and composers that break the contract in one way each."""

import torch
import torch.nn.functional as F
from torch import nn

from cir_bench import (
    Composer,
    ComposerSpec,
    Embedding,
    NamedWeights,
    Needs,
    NeighbourWeights,
    hookimpl,
    levels,
)


class Sound(Composer):
    def __init__(self, params, context):
        super().__init__()
        shape = context.shape
        self.mix = nn.Linear(shape.image.width + shape.text.width, shape.image.width)

    def compose(self, reference, text):
        return Embedding.single(self.mix(torch.cat([reference.need_pooled(), text.need_pooled()], dim=1)))


class Tokens(Composer):
    """Sound: mean of the real tokens."""

    def __init__(self, params, context):
        super().__init__()
        shape = context.shape
        self.mix = nn.Linear(shape.image.width + shape.text.tokens, shape.image.width)

    def compose(self, reference, text):
        mean = self.mean(*text.need_tokens())
        return Embedding.single(self.mix(torch.cat([reference.need_pooled(), mean], dim=1)))

    def mean(self, tokens, mask):
        return (tokens * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)


class Refines(Sound):
    """Sound: adds the best candidate."""

    uses_gallery = True

    def refine(self, query, gallery):
        best = gallery.take(gallery.topk(query, 1).rows)[:, 0]
        return Embedding.single(query.main + best)


class ReadsPadding(Tokens):
    def mean(self, tokens, mask):
        return tokens.mean(1)


class Undeclared(Sound):
    def compose(self, reference, text):
        text.need_tokens()
        return super().compose(reference, text)


class SameWidth(Composer):
    def compose(self, reference, text):
        return Embedding.single(reference.need_pooled() + text.need_pooled())


class OtherWidth(Sound):
    def embed_target(self, image):
        return Embedding.single(image.need_pooled()[:, :3])


class OtherDtype(Sound):
    def embed_target(self, image):
        return Embedding.single(image.need_pooled().double())


class NanAtZero(Sound):
    def compose(self, reference, text):
        query = super().compose(reference, text).main
        return Embedding.single(query / text.need_pooled().norm(dim=1, keepdim=True))


class Dropout(Sound):
    def compose(self, reference, text):
        return Embedding.single(F.dropout(super().compose(reference, text).main, training=True))


class Unseeded(Sound):
    count = 0

    def __init__(self, params, context):
        super().__init__(params, context)
        Unseeded.count += 1
        nn.init.constant_(self.mix.weight, Unseeded.count)


class CentresBatch(Sound):
    def compose(self, reference, text):
        query = super().compose(reference, text).main
        return Embedding.single(query - query.mean(0))


class FirstCandidate(Refines):
    """Its refinement depends on the order of the gallery."""

    def refine(self, query, gallery):
        return Embedding.single(query.main + gallery.take(torch.zeros(len(query), 1, dtype=torch.long))[:, 0])


class Peeks(Sound):
    """It remembers the candidates it saw last."""

    seen = None

    def embed_target(self, image):
        self.seen = image.need_pooled().mean(0)
        return super().embed_target(image)

    def compose(self, reference, text):
        query = super().compose(reference, text).main
        return Embedding.single(query if self.seen is None else query + self.seen)


class InPlace(Sound):
    def compose(self, reference, text):
        reference.need_pooled().mul_(2)
        return super().compose(reference, text)


class Hidden(Sound):
    """A random matrix that the state dict does not hold."""

    def __init__(self, params, context):
        super().__init__(params, context)
        self.matrix = torch.randn(2 * [context.shape.image.width])

    def compose(self, reference, text):
        return Embedding.single(super().compose(reference, text).main @ self.matrix)


class Idle(Sound):
    def __init__(self, params, context):
        super().__init__(params, context)
        self.idle = nn.Linear(3, 3)


class SeveralVectors(Sound):
    """Sound: a candidate has three vectors."""

    def embed_target(self, image):
        main = super().embed_target(image).main
        return Embedding({"main": torch.stack([main, main.roll(1, dims=1), -main], dim=1)}, reduce="max")


class OnTheCpu(Sound):
    """On a GPU, the sum would be of two devices."""

    def compose(self, reference, text):
        query = super().compose(reference, text).main
        return Embedding.single(query + torch.ones(query.shape))


class Explains(Refines):
    """Sound: shows a number between 0 and 1, and the best two candidates."""

    def explain(self, reference, text, gallery):
        found = gallery.topk(self.compose(reference, text), 2)
        shares = text.need_pooled().sigmoid()
        return [
            NamedWeights("Shares", shares, "", [str(place) for place in range(shares.shape[1])]),
            NeighbourWeights("Best", found.scores, "", found.rows),
        ]


class ExplainsOne(Explains):
    def explain(self, reference, text, gallery):
        return super().explain(reference[:1], text[:1], gallery)


class ExplainsTheBatch(Explains):
    def explain(self, reference, text, gallery):
        shares = text.need_pooled().softmax(dim=0)
        return [NamedWeights("Shares", shares, "", [str(place) for place in range(shares.shape[1])])]


class ExplainsNothing(Explains):
    explains = False


class ExplainsOutside(Explains):
    def explain(self, reference, text, gallery):
        found = gallery.topk(self.compose(reference, text), 1)
        return [NeighbourWeights("Best", found.scores, "", found.rows + len(gallery))]


class ExplainsTwice(Explains):
    def explain(self, reference, text, gallery):
        return [*super().explain(reference, text, gallery), *super().explain(reference, text, gallery)]


COMPOSERS = {
    "sound": (Sound, Needs()),
    "tokens": (Tokens, Needs(text=levels("tokens"))),
    "refines": (Refines, Needs()),
    "reads-padding": (ReadsPadding, Needs(text=levels("tokens"))),
    "undeclared": (Undeclared, Needs()),
    "same-width": (SameWidth, Needs()),
    "other-width": (OtherWidth, Needs()),
    "other-dtype": (OtherDtype, Needs()),
    "nan-at-zero": (NanAtZero, Needs()),
    "dropout": (Dropout, Needs()),
    "unseeded": (Unseeded, Needs()),
    "centres-batch": (CentresBatch, Needs()),
    "first-candidate": (FirstCandidate, Needs()),
    "peeks": (Peeks, Needs()),
    "in-place": (InPlace, Needs()),
    "hidden": (Hidden, Needs()),
    "idle": (Idle, Needs()),
    "several-vectors": (SeveralVectors, Needs()),
    "on-the-cpu": (OnTheCpu, Needs()),
    "explains": (Explains, Needs()),
    "explains-one": (ExplainsOne, Needs()),
    "explains-the-batch": (ExplainsTheBatch, Needs()),
    "explains-nothing": (ExplainsNothing, Needs()),
    "explains-outside": (ExplainsOutside, Needs()),
    "explains-twice": (ExplainsTwice, Needs()),
}


@hookimpl
def cir_bench_composers():
    return [
        ComposerSpec(name=name, summary="for tests", implementation=f"{__name__}:{found.__name__}", needs=needs)
        for name, (found, needs) in COMPOSERS.items()
    ]
