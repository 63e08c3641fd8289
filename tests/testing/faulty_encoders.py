"""A plugin with a sound encoder, and encoders that break the contract in one way each."""

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.checkpoint import checkpoint

from cir_bench import (
    ConfigError,
    Encoder,
    EncoderShape,
    EncoderSpec,
    Features,
    FeatureShape,
    Provides,
    hookimpl,
    levels,
)

WIDTH = 8


class SoundEncoder(Encoder):
    """A linear layer on a 4×4 thumbnail, and a mean of word vectors with a fitted vocabulary."""

    def __init__(self, params, context):
        super().__init__()
        self.vocabulary = {}
        self.pixels = nn.Linear(48, WIDTH)
        self.words = nn.Embedding(100, WIDTH)
        self.shape = EncoderShape(FeatureShape(pooled=WIDTH), FeatureShape(pooled=WIDTH, tokens=WIDTH))

    def fit(self, corpus):
        words = sorted({word for text in corpus.texts for word in text.split()})
        self.vocabulary = {word: 1 + place for place, word in enumerate(words)}

    def extra_state(self):
        return {"vocabulary": self.vocabulary}

    def load_extra_state(self, state):
        self.vocabulary = dict(state["vocabulary"])

    def image_item(self, image, *, train=False):
        return self.thumbnail(image.open())

    def item_of_pixels(self, pixels):
        return self.thumbnail(Image.fromarray(pixels.permute(1, 2, 0).numpy()))

    def thumbnail(self, image):
        return torch.from_numpy(np.asarray(image.resize((4, 4)), dtype=np.float32) / 255).flatten()

    def encode_images(self, items, levels):
        return Features(pooled=self.pixels(torch.stack(list(items))))

    def rows(self, texts):
        rows = [[self.vocabulary.get(word, 0) for word in text.split()] or [0] for text in texts]
        longest = max(map(len, rows))
        mask = torch.tensor([[True] * len(row) + [False] * (longest - len(row)) for row in rows])
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows]), mask

    def encode_texts(self, texts, levels):
        rows, mask = self.rows(texts)
        tokens = self.words(rows)
        pooled = (tokens * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return Features(pooled=pooled, tokens=tokens, mask=mask)


class LacksTokens(SoundEncoder):
    def encode_texts(self, texts, levels):
        return Features(pooled=super().encode_texts(texts, levels).pooled)


class WrongWidth(SoundEncoder):
    def encode_images(self, items, levels):
        return Features(pooled=super().encode_images(items, levels).pooled[:, 1:])


class FloatMask(SoundEncoder):
    def encode_texts(self, texts, levels):
        found = super().encode_texts(texts, levels)
        return Features(pooled=found.pooled, tokens=found.tokens, mask=found.mask.float())


class ReadsPadding(SoundEncoder):
    def encode_texts(self, texts, levels):
        found = super().encode_texts(texts, levels)
        return Features(pooled=found.tokens.mean(1), tokens=found.tokens, mask=found.mask)


class CentresBatch(SoundEncoder):
    def encode_images(self, items, levels):
        pooled = super().encode_images(items, levels).pooled
        return Features(pooled=pooled - pooled.mean(0))


class OtherWhenAlone(SoundEncoder):
    def encode_texts(self, texts, levels):
        found = super().encode_texts(texts, levels)
        return found if len(levels) > 1 else Features(pooled=found.pooled * 2, tokens=found.tokens, mask=found.mask)


class FailsOnEmpty(SoundEncoder):
    def encode_texts(self, texts, levels):
        if not all(texts):
            raise ValueError("a text is empty")
        return super().encode_texts(texts, levels)


class Unpicklable(SoundEncoder):
    def image_item(self, image, *, train=False):
        item = super().image_item(image)
        return lambda: item


class AugmentsSilently(SoundEncoder):
    def image_item(self, image, *, train=False):
        item = super().image_item(image)
        return item.flip(0) if train else item


class SwapsColours(SoundEncoder):
    def item_of_pixels(self, pixels):
        return super().item_of_pixels(pixels.flip(0))


class MakesNoItems(SoundEncoder):
    def item_of_pixels(self, pixels):
        raise ConfigError("not with these parameters")


class Blind(SoundEncoder):
    def image_item(self, image, *, train=False):
        return torch.zeros(48)


class CountsDigests(SoundEncoder):
    count = 0

    def weights_digest(self):
        CountsDigests.count += 1
        return str(CountsDigests.count)


class FixedDigest(SoundEncoder):
    def weights_digest(self):
        return "same"


class SameImageDigest(SoundEncoder):
    def image_digest(self, image):
        return "same"


class HasEverything(SoundEncoder):
    def has(self, image):
        return True


class ForgetsVocabulary(SoundEncoder):
    def extra_state(self):
        return {"vocabulary": {}}


class NoGroups(SoundEncoder):
    def parameter_groups(self):
        return {}


class Detached(SoundEncoder):
    def encode_images(self, items, levels):
        return Features(pooled=super().encode_images(items, levels).pooled.detach())


class IgnoresCheckpointing(SoundEncoder):
    def set_gradient_checkpointing(self, on):
        pass


class CutsSilently(SoundEncoder):
    def encode_texts(self, texts, levels):
        return super().encode_texts([" ".join(text.split()[:20]) for text in texts], levels)


class CountsBatches(SoundEncoder):
    """Recomputes by torch's own checkpoint, which passes batch norm twice."""

    checkpointed = False

    def __init__(self, params, context):
        super().__init__(params, context)
        self.block = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.BatchNorm1d(WIDTH))

    def set_gradient_checkpointing(self, on):
        self.checkpointed = on

    def encode_images(self, items, levels):
        pooled = super().encode_images(items, levels).pooled
        if self.checkpointed:
            return Features(pooled=checkpoint(self.block, pooled, use_reentrant=False))
        return Features(pooled=self.block(pooled))


ENCODERS = {
    "sound": SoundEncoder,
    "lacks-tokens": LacksTokens,
    "wrong-width": WrongWidth,
    "float-mask": FloatMask,
    "reads-padding": ReadsPadding,
    "centres-batch": CentresBatch,
    "other-when-alone": OtherWhenAlone,
    "fails-on-empty": FailsOnEmpty,
    "unpicklable": Unpicklable,
    "augments-silently": AugmentsSilently,
    "swaps-colours": SwapsColours,
    "makes-no-items": MakesNoItems,
    "blind": Blind,
    "counts-digests": CountsDigests,
    "fixed-digest": FixedDigest,
    "same-image-digest": SameImageDigest,
    "has-everything": HasEverything,
    "forgets-vocabulary": ForgetsVocabulary,
    "no-groups": NoGroups,
    "detached": Detached,
    "ignores-checkpointing": IgnoresCheckpointing,
    "cuts-silently": CutsSilently,
    "counts-batches": CountsBatches,
}


@hookimpl
def cir_bench_encoders():
    given = Provides(text=levels("pooled", "tokens"))
    return [
        EncoderSpec(name=name, summary="for tests", implementation=f"{__name__}:{found.__name__}", provides=given)
        for name, found in ENCODERS.items()
    ]
