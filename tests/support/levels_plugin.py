"""Methods that read different levels, and an encoder with all of them that counts what it is asked; for `toy`."""

from collections import Counter

import torch

import cir_bench as cb

CIR_BENCH_API = 1
WIDTH = 4


class Levels(cb.Encoder):
    """Features of the digits of an image ``abc``, and of the length of a text."""

    read: Counter = Counter()
    """How often each image was read."""
    stored: list = []
    """The levels of each batch, images' and texts'."""

    def __init__(self, params, context):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.shape = cb.EncoderShape(
            cb.FeatureShape(pooled=WIDTH, tokens=WIDTH, maps=((WIDTH, 2, 2), (WIDTH, 1, 1))),
            cb.FeatureShape(pooled=WIDTH, tokens=WIDTH),
        )

    def image_item(self, image, *, train=False):
        self.read[image.id] += 1
        return torch.tensor([float(digit) for digit in image.id] + [1.0])

    def encode_images(self, items, levels):
        return self._features(torch.stack(list(items)) * self.weight, levels)

    def encode_texts(self, texts, levels):
        self.read.update(f"text {text}" for text in texts)
        return self._features(torch.tensor([[len(t), ord(t[0]), ord(t[-1]), 1.0] for t in texts]) * self.weight, levels)

    def _features(self, pooled, levels):
        self.stored.append(levels)
        tokens = cb.Features(tokens=pooled[:, None], mask=torch.ones(len(pooled), 1, dtype=torch.bool))
        maps = tuple(pooled[:, :, None, None].expand(-1, -1, side, side) for side in (2, 1))
        return cb.Features(
            pooled=pooled,
            tokens=tokens.tokens if cb.FeatureLevel.TOKENS in levels else None,
            mask=tokens.mask if cb.FeatureLevel.TOKENS in levels else None,
            maps=maps if cb.FeatureLevel.MAPS in levels else (),
        )


class NoTokens(Levels):
    """Its tokens are not finite."""

    def _features(self, pooled, levels):
        found = super()._features(pooled, levels)
        if found.tokens is None:
            return found
        return cb.Features(found.pooled, found.tokens * float("nan"), found.mask, found.maps)


class Reader(cb.StandardMethod):
    """TIRG, whatever its spec says that it needs."""

    def __init__(self, params, context):
        super().__init__(params, context.composer("tirg"), {"rank": context.loss("batch-classification")})


NEEDS = {
    "reads-pooled": cb.Needs(),
    "reads-maps": cb.Needs(image=cb.levels("pooled", "maps"), map_levels=1),
    "reads-two-maps": cb.Needs(image=cb.levels("pooled", "maps"), map_levels=2),
    "reads-tokens": cb.Needs(image=cb.levels("pooled", "tokens"), text=cb.levels("pooled", "tokens")),
}


@cb.hookimpl
def cir_bench_encoders():
    every = cb.Provides(image=cb.levels("pooled", "tokens", "maps"), text=cb.levels("pooled", "tokens"), map_levels=2)
    for name, where in {"levels": "Levels", "no-tokens": "NoTokens"}.items():
        yield cb.EncoderSpec(name=name, summary="counts", implementation=f"{__name__}:{where}", provides=every)


@cb.hookimpl
def cir_bench_methods():
    for name, needs in NEEDS.items():
        yield cb.MethodSpec(name=name, summary="for tests", implementation=f"{__name__}:Reader", needs=needs)
