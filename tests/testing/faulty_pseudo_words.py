"""A plugin with a sound encoder of pseudo-words, and encoders that break the contract in one way each."""

import zlib

import numpy as np
import torch
from torch import nn

from cir_bench import ConfigError, Encoder, EncoderShape, EncoderSpec, Features, FeatureShape, Provides, hookimpl
from cir_bench.utils import pseudo_word_parts, pseudo_word_rows

WIDTH = 8


class SoundWords(Encoder):
    """A linear layer on a 4×4 thumbnail, and a mean of word vectors with one of 1,000 rows for each word."""

    def __init__(self, params, context):
        super().__init__()
        self.pixels = nn.Linear(48, WIDTH)
        self.words = nn.Embedding(1000, WIDTH)
        self.shape = EncoderShape(FeatureShape(pooled=WIDTH), FeatureShape(pooled=WIDTH))

    def image_item(self, image, *, train=False):
        return torch.from_numpy(np.asarray(image.open().resize((4, 4)), dtype=np.float32) / 255).flatten()

    def encode_images(self, items, levels):
        return Features(pooled=self.pixels(torch.stack(list(items))))

    def vectors_of(self, text):
        return self.words(torch.tensor([zlib.crc32(word.encode()) % 1000 for word in text.split()]).long())

    def encode_texts(self, texts, levels):
        return Features(pooled=torch.stack([self.vectors_of(f"start {text}").mean(0) for text in texts]))

    @property
    def pseudo_word_width(self):
        return WIDTH

    def encode_texts_with(self, template, captions, vectors):
        rows = zip(pseudo_word_rows(template, captions, vectors, WIDTH), captions, vectors, strict=True)
        return Features(pooled=torch.stack([self.row(*row) for row in rows]))

    def row(self, parts, caption, vector):
        words = [self.vectors_of("start")]
        for part in parts:
            words += [vector[None] if part == "$" else self.vectors_of(caption if part == "{text}" else part)]
        return torch.cat(words).mean(0)


class NoWords(SoundWords):
    def encode_texts_with(self, template, captions, vectors):
        return Encoder.encode_texts_with(self, template, captions, vectors)


class WrongWidth(SoundWords):
    @property
    def pseudo_word_width(self):
        return WIDTH + 1


class Normalises(SoundWords):
    def row(self, parts, caption, vector):
        return super().row(parts, caption, nn.functional.normalize(vector, dim=0))


class EveryDollar(SoundWords):
    """Looks for the placeholder after the caption is filled in (LinCIR's released code)."""

    def row(self, parts, caption, vector):
        text = f"start {' '.join(parts).replace('{text}', caption)}"
        found = [vector[None] if word == "$" else self.vectors_of(word) for word in text.split()]
        return torch.cat(found).mean(0)


class PlaceOfTheFirst(SoundWords):
    """Replaces in all rows the word that is replaced in the first one (Pic2Word's released code)."""

    def encode_texts_with(self, template, captions, vectors):
        pseudo_word_parts(template, captions, vectors, WIDTH)
        texts = [f"start {template.replace('{text}', caption)}" for caption in captions]
        place, rows = texts[0].split().index("$"), []
        for text, vector in zip(texts, vectors, strict=True):
            words = self.vectors_of(text)
            rows.append(torch.cat([words[:place], vector[None], words[place + 1 :]]).mean(0))
        return Features(pooled=torch.stack(rows))


class Detached(SoundWords):
    def row(self, parts, caption, vector):
        return super().row(parts, caption, vector.detach() + 0 * vector)


class FirstVector(SoundWords):
    def encode_texts_with(self, template, captions, vectors):
        return super().encode_texts_with(template, captions, vectors - 0.5 * vectors.mean(0))


class Cuts(SoundWords):
    def row(self, parts, caption, vector):
        kept = vector if len(caption.split()) < 50 else torch.zeros(WIDTH)
        return super().row(parts, caption, kept)


class LeavesBehind(SoundWords):
    def encode_texts_with(self, template, captions, vectors):
        found = super().encode_texts_with(template, captions, vectors)
        with torch.no_grad():
            self.words.weight[zlib.crc32(b"start") % 1000] += 1
        return found


class FirstTemplate(SoundWords):
    """Reads all texts with the template of the first one."""

    def encode_texts_with(self, template, captions, vectors):
        rows = pseudo_word_rows(template, captions, vectors, WIDTH)
        texts = zip(captions, vectors, strict=True)
        return Features(pooled=torch.stack([self.row(rows[0], *text) for text in texts]))


class AcceptsAll(SoundWords):
    """Refuses another width alone."""

    def encode_texts_with(self, template, captions, vectors):
        if vectors.shape[1] != WIDTH:
            raise ConfigError("another width")
        rows = zip(captions, vectors, strict=False)
        return Features(pooled=torch.stack([self.row(template.split(), *pair) for pair in rows]))


ENCODERS = {
    "sound-words": SoundWords,
    "no-words": NoWords,
    "wrong-word-width": WrongWidth,
    "undeclared-words": SoundWords,
    "normalises-words": Normalises,
    "every-dollar": EveryDollar,
    "place-of-the-first": PlaceOfTheFirst,
    "detached-words": Detached,
    "first-template": FirstTemplate,
    "mixes-words": FirstVector,
    "cuts-words": Cuts,
    "leaves-words-behind": LeavesBehind,
    "accepts-all-templates": AcceptsAll,
}


@hookimpl
def cir_bench_encoders():
    return [
        EncoderSpec(
            name=name,
            summary="for tests",
            implementation=f"{__name__}:{found.__name__}",
            provides=Provides(pseudo_words=name != "undeclared-words"),
        )
        for name, found in ENCODERS.items()
    ]
