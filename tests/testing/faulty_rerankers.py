"""A plugin with a sound second stage, and second stages that break the contract in one way each."""

import torch
from torch import nn

from cir_bench import (
    Composer,
    Embedding,
    MethodSpec,
    Needs,
    Reranker,
    StandardMethod,
    TwoStageMethod,
    TwoStageParams,
    hookimpl,
    levels,
)


class Shift(Composer):
    """v + W t."""

    def __init__(self, params, context):
        super().__init__()
        self.shift = nn.Linear(context.shape.text.width, context.shape.image.width)

    def compose(self, reference, text):
        return Embedding.single(reference.need_pooled() + self.shift(text.need_pooled()))


class SoundScorer(Reranker):
    """s + MLP([r; t; mean of c's tokens])."""

    def __init__(self, params, shape):
        super().__init__(params.k)
        self.mlp = nn.Sequential(
            nn.Linear(shape.image.width + shape.text.width + shape.image.tokens, 16), nn.ReLU(), nn.Linear(16, 1)
        )

    def of_candidates(self, candidates):
        tokens, mask = candidates.need_tokens()
        return (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    def rescore(self, reference, text, candidates, first):
        query = torch.cat([reference.need_pooled(), text.need_pooled()], dim=1)
        c = self.of_candidates(candidates).unflatten(0, first.shape)
        pairs = torch.cat([query[:, None].expand(-1, first.shape[1], -1), c], dim=2)
        return first + self.mlp(pairs).squeeze(-1)


class Flat(SoundScorer):
    def rescore(self, *pairs):
        return super().rescore(*pairs).flatten()


class Listwise(SoundScorer):
    def rescore(self, *pairs):
        return super().rescore(*pairs).softmax(dim=1)


class WholeBatch(SoundScorer):
    def rescore(self, *pairs):
        scores = super().rescore(*pairs)
        return scores - scores.mean()


class WrongOrder(SoundScorer):
    """Takes the candidates for those of all queries' first places, then of all second ones."""

    def rescore(self, reference, text, candidates, first):
        by_place = torch.arange(first.numel()).view(first.shape[::-1]).T.flatten()
        return super().rescore(reference, text, candidates[by_place], first)


class ReadsPadding(SoundScorer):
    def of_candidates(self, candidates):
        return candidates.need_tokens()[0].mean(1)


class ChangesCandidates(SoundScorer):
    def of_candidates(self, candidates):
        tokens, _ = candidates.need_tokens()
        tokens[:, 0] += 1
        return super().of_candidates(candidates)


class Divides(SoundScorer):
    def rescore(self, reference, text, candidates, first):
        return super().rescore(reference, text, candidates, first) / text.need_pooled().norm(dim=1, keepdim=True)


class Random(SoundScorer):
    def rescore(self, *pairs):
        scores = super().rescore(*pairs)
        return scores + 1e-3 * torch.rand(())


class OnCpu(SoundScorer):
    def rescore(self, *pairs):
        return super().rescore(*pairs) + torch.ones(pairs[3].shape)


class Unsaved(SoundScorer):
    def __init__(self, params, shape):
        super().__init__(params, shape)
        self.bias = [torch.randn(())]

    def rescore(self, reference, text, candidates, first):
        return super().rescore(reference, text, candidates, first) + self.bias[0] * first


SCORERS = {
    "sound-second-stage": SoundScorer,
    "flat-scores": Flat,
    "listwise": Listwise,
    "whole-batch": WholeBatch,
    "wrong-order": WrongOrder,
    "reads-candidates-padding": ReadsPadding,
    "changes-candidates": ChangesCandidates,
    "divides-by-text": Divides,
    "random-scores": Random,
    "scores-on-cpu": OnCpu,
    "unsaved-second-stage": Unsaved,
}


def two_stages(scorer):
    class TwoStages(TwoStageMethod):
        def __init__(self, params, context):
            super().__init__(
                params, Shift(params, context), {"rank": context.loss("sound")}, scorer(params, context.shape)
            )

    return TwoStages


class NoSecondStage(StandardMethod):
    def __init__(self, params, context):
        super().__init__(params, Shift(params, context), {"rank": context.loss("sound")})


@hookimpl
def cir_bench_methods():
    made = {name: two_stages(scorer) for name, scorer in SCORERS.items()} | {"no-second-stage": NoSecondStage}
    for name, method in made.items():
        yield MethodSpec(
            name=name,
            summary="for tests",
            implementation=method,
            params=TwoStageParams,
            needs=Needs(image=levels("pooled", "tokens")),
        )
