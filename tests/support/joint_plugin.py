"""A plugin in one file: an encoder that reads the toy's images and texts together, and a method that learns on it."""

import torch
from support.toy_plugin import LEVELS, ToyEncoder
from torch import nn

import cir_bench as cb

CIR_BENCH_API = 1


class ToyJoint(ToyEncoder):
    """Joint features: those of the edited image."""

    def __init__(self, params, context):
        super().__init__(params, context)
        self.shape = cb.EncoderShape(self.shape.image, self.shape.text, cb.FeatureShape(pooled=24, tokens=24))

    def encode_pairs(self, items, texts, levels):
        edited = torch.stack(items)
        for row, text in enumerate(texts):
            letter, digit = text.split()
            start = "abc".index(letter) * LEVELS
            edited[row, start : start + LEVELS] = 0
            edited[row, start + int(digit)] = 1
        pooled = edited @ self.image_weights
        tokens = torch.stack([pooled, pooled], dim=1)
        return cb.Features(pooled, tokens, torch.ones(tokens.shape[:2], dtype=torch.bool))


class Mixed(cb.Composer):
    """A linear layer on joint tokens; images and texts by themselves are not read."""

    def __init__(self, params, context):
        super().__init__()
        self.layer = nn.Linear(context.shape.joint.tokens, context.shape.image.width)

    def compose(self, reference, text):
        tokens, mask = text.need_joint().need_tokens()
        return cb.Embedding.single(self.layer((tokens * mask[..., None]).sum(1)))


@cb.hookimpl
def cir_bench_encoders():
    pooled = cb.levels("pooled")
    yield cb.EncoderSpec(
        name="toy-joint",
        summary="for tests",
        implementation=ToyJoint,
        provides=cb.Provides(image=pooled, text=pooled, joint=cb.levels("pooled", "tokens"), trainable=True),
    )


@cb.hookimpl
def cir_bench_methods():
    yield cb.MethodSpec(
        name="joint-linear",
        summary="for tests",
        implementation=Mixed,
        loss="batch-classification",
        needs=cb.Needs(text=cb.levels(), joint=cb.levels("tokens")),
    )
