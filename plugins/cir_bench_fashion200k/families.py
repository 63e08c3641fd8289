"""Families of captions: those that are equal but for one word, under the parent caption that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths, laid end to end: row i is ``values[starts[i] : starts[i] + lengths[i]]``."""

    values: Ints
    starts: Ints
    lengths: Ints

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """From lists."""
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        flat = np.array([value for row in rows for value in row], dtype=np.int64)
        return cls(flat, np.cumsum(lengths) - lengths, lengths)


@dataclass(frozen=True)
class Families:
    """Which captions are one word apart.

    A caption's parents are what is left of it without one of its words (every occurrence of it). Captions that have a
    parent in common through different words are its children, and differ in just these words; a parent counts when it
    has at least two such children. Two captions of the same words in another order are not a pair.

    Attributes:
        words: every word by number.
        memberships: for every caption its memberships, one for each parent that counts: flat numbers of M in all.
        parent: ``[M]`` the parent of a membership.
        own_word: ``[M]`` the word that the parent lacks.
        children: for every parent its captions.
        child_word: as ``children.values``: the word that the parent lacks of each of them.
    """

    words: Sequence[str]
    memberships: Ragged
    parent: Ints
    own_word: Ints
    children: Ragged
    child_word: Ints

    @classmethod
    def of(cls, captions: Sequence[str]) -> Families:
        """The families of different captions, whose numbers are their places here."""
        number: dict[str, int] = {}
        found: dict[str, list[tuple[int, int]]] = {}
        for caption, text in enumerate(captions):
            words = text.split()
            for word in dict.fromkeys(words):
                parent = " ".join(other for other in words if other != word)
                found.setdefault(parent, []).append((caption, number.setdefault(word, len(number))))
        families = [family for family in found.values() if len({word for _, word in family}) > 1]
        of_caption: list[list[int]] = [[] for _ in captions]
        parents: list[int] = []
        own_words: list[int] = []
        for parent_number, family in enumerate(families):
            for caption, own_word in family:
                of_caption[caption].append(len(parents))
                parents.append(parent_number)
                own_words.append(own_word)
        return cls(
            words=tuple(number),
            memberships=Ragged.of(of_caption),
            parent=np.array(parents, dtype=np.int64),
            own_word=np.array(own_words, dtype=np.int64),
            children=Ragged.of([[caption for caption, _ in family] for family in families]),
            child_word=np.array(own_words, dtype=np.int64),
        )
