"""`Vocabulary`: the words of the train split, and texts as padded word numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

PAD, UNKNOWN = 0, 1
_FIRST = 2


def words_of(text: str, *, joined: bool = False) -> list[str]:
    """Lower-case runs of letters and digits; ``joined``: lower-case words without their punctuation."""
    if joined:
        return re.sub(r"[^\w\s]", "", text.lower()).split()
    return re.findall(r"\w+", text.lower())


class Vocabulary:
    """Words by number. 0 is padding; 1 stands for every unknown word, and for a text without any word."""

    def __init__(self, words: Iterable[str] = (), *, joined: bool = False) -> None:
        self.words, self._joined = tuple(words), joined
        self._number = {word: number for number, word in enumerate(self.words, start=_FIRST)}

    @classmethod
    def of(cls, texts: Iterable[str], min_count: int = 1, *, joined: bool = False) -> Vocabulary:
        """Every word that occurs at least ``min_count`` times in ``texts``, in alphabetical order.

        ``joined``: punctuation is removed from words, instead of splitting them.
        """
        counts = Counter(word for text in texts for word in words_of(text, joined=joined))
        return cls(sorted(word for word, count in counts.items() if count >= min_count), joined=joined)

    def __len__(self) -> int:
        return len(self.words) + _FIRST

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Word numbers ``[B, L]``, padded to the longest, and lengths ``[B]`` (at least 1)."""
        rows = [self.numbers(text) or [UNKNOWN] for text in texts]
        return padded(rows), torch.tensor([len(ids) for ids in rows])

    def numbers(self, text: str) -> list[int]:
        """The number of each word of one text."""
        return [self._number.get(word, UNKNOWN) for word in words_of(text, joined=self._joined)]


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of numbers ``[B, L]``, padded to the longest."""
    numbers = torch.full((len(rows), max(map(len, rows), default=1)), PAD)
    for row, ids in enumerate(rows):
        numbers[row, : len(ids)] = torch.tensor(ids)
    return numbers
