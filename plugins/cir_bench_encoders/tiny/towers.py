"""The two towers of `Tiny`: a small CNN and a GRU over words."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cir_bench_encoders.vocabulary import PAD, Vocabulary, padded

IMAGE_SIZE = 48
WIDTH = 128
MAPS = ((64, 12, 12), (96, 6, 6), (128, 3, 3))
"""(C, H, W) of the three maps, shallow to deep."""
_STEM = 32
_WORD_WIDTH = 96
_TOKEN_WIDTH = 128
_PSEUDO_WORD = -1


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class ImageTower(nn.Module):
    """``[B, 3, 48, 48]`` → maps of 12², 6² and 3² positions and a pooled vector.

    The pooled vector is linear in the whole last map, not in its average: in a scene it matters what is *where*.
    """

    def __init__(self) -> None:
        super().__init__()
        (c0, _, _), (c1, _, _), (c2, height, width) = MAPS
        self.stem = _block(3, _STEM, 2)
        self.stages = nn.ModuleList(
            [
                _block(_STEM, c0, 2),
                nn.Sequential(_block(c0, c1, 2), _block(c1, c1, 1)),
                nn.Sequential(_block(c1, c2, 2), _block(c2, c2, 1)),
            ]
        )
        self.head = nn.Linear(c2 * height * width, WIDTH)

    def forward(self, pixels: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Pooled ``[B, d]`` and the maps."""
        x, maps = self.stem(pixels), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return self.head(x.flatten(1)), tuple(maps)


class TextTower(nn.Module):
    """Words → GRU; tokens are its states, pooled is linear in their maximum over the real words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.words = nn.Embedding(len(vocabulary), _WORD_WIDTH, padding_idx=PAD)
        self.gru = nn.GRU(_WORD_WIDTH, _TOKEN_WIDTH, batch_first=True)
        self.head = nn.Linear(_TOKEN_WIDTH, WIDTH)

    @property
    def token_width(self) -> int:
        """Width of the tokens."""
        return _TOKEN_WIDTH

    def forward(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Pooled ``[B, d]``, tokens ``[B, L, d_tok]`` (zero at padding) and mask ``[B, L]``."""
        numbers, _ = self.vocabulary.encode(texts)
        numbers = numbers.to(self.words.weight.device)
        return self._read(self.words(numbers), numbers != PAD)

    def with_word(
        self, templates: Sequence[Sequence[str]], captions: Sequence[str], vectors: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same of the parts of B templates with their captions, where a vector ``[B, W]`` is the word at ``$``."""
        rows = [
            [number for part in parts for number in self._numbers(part, caption)]
            for parts, caption in zip(templates, captions, strict=True)
        ]
        numbers = padded(rows).to(vectors.device)
        at_word = numbers == _PSEUDO_WORD
        words = self.words(numbers.masked_fill(at_word, PAD))
        words = torch.where(at_word[..., None], vectors[:, None].to(words), words)
        return self._read(words, numbers != PAD)

    def _numbers(self, part: str, caption: str) -> list[int]:
        if part == "$":
            return [_PSEUDO_WORD]
        return self.vocabulary.numbers(caption if part == "{text}" else part)

    def _read(self, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # The GRU reads from left to right and padding is on the right, so no real word's state sees it.
        states, _ = self.gru(words)
        pooled = self.head(states.masked_fill(~mask[..., None], -torch.inf).amax(dim=1))
        return pooled, states * mask[..., None], mask
