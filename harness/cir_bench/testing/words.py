"""A text tower with fixed random weights that reads pseudo-words, for contracts."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import torch
from torch import Tensor

from cir_bench.interfaces.features import Features
from cir_bench.interfaces.pseudo_words import PseudoWords
from cir_bench.utils import pseudo_word_rows

WORD_WIDTH = 10
_WORDS = 64
TEXTS = ("make it red", "", "the small one costs $5", "no dots", "more of it", "x")
"""Texts of random features: an empty one and one with a dollar sign among them."""


def texts_for(batch: int, seed: int) -> tuple[str, ...]:
    """``batch`` texts, others for another seed."""
    return tuple(TEXTS[(place + seed) % len(TEXTS)] for place in range(batch))


def random_words(width: int) -> PseudoWords:
    """Reads texts into pooled features ``[B, width]``: a smooth function of the words and of the pseudo-word."""
    generator = torch.Generator().manual_seed(11)
    table = torch.randn(_WORDS, WORD_WIDTH, generator=generator)
    head = torch.randn(WORD_WIDTH, width, generator=generator) / WORD_WIDTH**0.5

    def read(template: str | Sequence[str], captions: Sequence[str], vectors: Tensor) -> Features:
        parts = pseudo_word_rows(template, captions, vectors, WORD_WIDTH)
        written = [
            " ".join([*(part for part in row if part not in ("$", "{text}")), text])
            for row, text in zip(parts, captions, strict=True)
        ]
        rows = [[zlib.crc32(word.encode()) % _WORDS for word in text.split()] for text in written]
        others = torch.stack([table[torch.tensor(row, dtype=torch.long)].sum(0) for row in rows])
        inner = vectors + others.to(vectors) / 4
        return Features((inner + inner.tanh()) @ head.to(vectors))

    def read_plain(texts: Sequence[str]) -> Features:
        return read(["$ {text}"] * len(texts), texts, torch.zeros(len(texts), WORD_WIDTH))

    return PseudoWords(WORD_WIDTH, read, read_plain)
