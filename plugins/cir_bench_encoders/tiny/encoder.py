"""`Tiny`: an encoder of half a million weights that ships with the project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cir_bench import Context, Encoder, EncoderShape, FeatureLevel, Features, FeatureShape, ImageRef, NoParams
from cir_bench.utils import pseudo_word_rows
from cir_bench_encoders.pixels import Normalise
from cir_bench_encoders.tiny.towers import IMAGE_SIZE, MAPS, WIDTH, ImageTower, TextTower
from cir_bench_encoders.tiny.weights import load
from cir_bench_encoders.vocabulary import Vocabulary

PIXELS = ((0.45, 0.45, 0.45), (0.25, 0.25, 0.25))
"""Mean and standard deviation that pixels are normalised with."""


class Tiny(Encoder):
    """A small CNN and a GRU over words, trained contrastively on the train split of css.

    What it was trained on: rendered scenes of css's train split with descriptions of them, and pairs of wordings of
    its modification texts (`cir_bench_encoders.tiny.train`).  Never a target of a modification text, never a scene of
    the test split or a held-out combination.  On other data it runs (images are resized, words that css does not know
    are one unknown word), but its frozen features say little: fine-tune it, or take another encoder.

    Levels:
        pooled: ``[B, 128]`` of images and of texts.
        tokens: images: the 9 positions of the last map ``[B, 9, 128]``; texts: GRU states ``[B, L, 128]``.
        maps: 64@12x12, 96@6x6, 128@3x3.
    """

    version = "1"

    def __init__(self, params: NoParams, context: Context) -> None:
        super().__init__()
        state, words = load()
        self.normalise = Normalise(*PIXELS)
        self.image = ImageTower()
        self.text = TextTower(Vocabulary(words))
        self.load_state_dict(state)
        self.shape = EncoderShape(
            FeatureShape(pooled=WIDTH, tokens=MAPS[-1][0], maps=MAPS),
            FeatureShape(pooled=WIDTH, tokens=self.text.token_width),
        )

    @property
    def preprocess(self) -> str:
        """Size, normalisation and words."""
        return f"{IMAGE_SIZE} px bicubic, mean {PIXELS[0]}, sd {PIXELS[1]}, lower-case words"

    def image_item(self, image: ImageRef, *, train: bool = False) -> Tensor:
        """``[3, 48, 48]`` uint8; no augmentation."""
        picture = image.open().convert("RGB")
        if picture.size != (IMAGE_SIZE, IMAGE_SIZE):
            picture = picture.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1)  # torchvision takes 2 s to import

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B images ``[3, 48, 48]`` uint8."""
        pooled, maps = self.image(self.normalise(torch.stack(list(items))))
        found = Features(pooled, maps=maps if FeatureLevel.MAPS in levels else ())
        if FeatureLevel.TOKENS in levels:
            tokens = maps[-1].flatten(2).transpose(1, 2)
            mask = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
            return Features(pooled, tokens, mask, found.maps)
        return found

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts."""
        pooled, tokens, mask = self.text(texts)
        return Features(pooled, tokens, mask) if FeatureLevel.TOKENS in levels else Features(pooled)

    @property
    def pseudo_word_width(self) -> int:
        """96: a pseudo-word takes the place of a word's embedding before the GRU."""
        return self.text.words.embedding_dim

    def encode_texts_with(self, template: str | Sequence[str], captions: Sequence[str], vectors: Tensor) -> Features:
        """Pooled features of B texts with a pseudo-word each; texts of any length are read to their end."""
        rows = pseudo_word_rows(template, captions, vectors, self.pseudo_word_width)
        return Features(self.text.with_word(rows, captions, vectors)[0])
