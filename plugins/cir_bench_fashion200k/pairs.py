"""`CaptionPairs`: draws pairs of images whose captions differ in one word."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from cir_bench import DataError, Triplet, TripletSampler
from cir_bench_fashion200k.captions import text_of
from cir_bench_fashion200k.families import Families, Ints, Ragged


class CaptionPairs(TripletSampler):
    """The published way (TIRG's) to make training pairs of captions.

    For a reference image: one of its caption's parents, uniformly; one of the parent's captions, uniformly; when that
    does not differ in the word, both are drawn again; an image with that caption, uniformly. Parents are as `Families`
    says (the published code takes a word out as a string, so out of longer words, too).

    Args:
        captions: clean caption by image, in order.

    Raises:
        DataError: no two captions differ in one word.
    """

    def __init__(self, captions: Mapping[str, str]) -> None:
        self._captions, self._images = captions, tuple(captions)
        shown: dict[str, list[int]] = {}
        for row, caption in enumerate(captions.values()):
            shown.setdefault(caption, []).append(row)
        self._texts = tuple(shown)
        self._hits = tuple(tuple(self._images[row] for row in rows) for rows in shown.values())
        """Images by caption; one tuple for all triplets with that target."""
        self._place = {text: place for place, text in enumerate(self._texts)}
        self._caption_of = np.array([self._place[caption] for caption in captions.values()], dtype=np.int64)
        self._shown = Ragged.of(list(shown.values()))
        self._families = Families.of(self._texts)
        paired = self._families.memberships.lengths > 0
        self._paired = np.flatnonzero(paired[self._caption_of]) if len(self._images) else self._caption_of
        if not len(self._paired):
            raise DataError(f"No two captions of these {len(self._images)} images differ in just one word.")

    @property
    def images(self) -> Sequence[str]:
        """All images, those included whose captions have no partner: no pair has them."""
        return self._images

    def draw(self, seed: int, epoch: int) -> Sequence[Triplet]:
        """A triplet for every image in order; a random other image is the reference in place of one without partner."""
        bits = _bits(seed, epoch)
        rows = self._paired[_pick(bits, np.full(len(self._images), len(self._paired)))]
        rows[self._paired] = self._paired
        return self._pairs(rows, bits)

    def draw_once(self, seed: int) -> Sequence[Triplet]:
        """A triplet for every image that has a partner, in order."""
        return self._pairs(self._paired, _bits(seed, 0))

    def among(self, images: Collection[str]) -> CaptionPairs:
        """Pairs of these images."""
        return CaptionPairs({image: caption for image, caption in self._captions.items() if image in images})

    def same_description(self, image: str) -> Sequence[str]:
        """All images with the image's caption (often photos of one garment)."""
        return self.alike(self._captions[image])

    def alike(self, caption: str) -> tuple[str, ...]:
        """All images with this clean caption, the same tuple for each query."""
        return self._hits[self._place[caption]]

    def _pairs(self, rows: Ints, bits: np.random.PCG64) -> list[Triplet]:
        families, source = self._families, self._caption_of[rows]
        target, lost, won = (np.empty(len(rows), dtype=np.int64) for _ in range(3))
        left = np.arange(len(rows))
        while len(left):
            membership = _draw_from(families.memberships, source[left], bits)
            parent = families.parent[membership]
            child = families.children.starts[parent] + _pick(bits, families.children.lengths[parent])
            good = families.child_word[child] != families.own_word[membership]
            done = left[good]
            target[done] = families.children.values[child[good]]
            lost[done], won[done] = families.own_word[membership[good]], families.child_word[child[good]]
            left = left[~good]
        images = _draw_from(self._shown, target, bits)
        words, names, hits = families.words, self._images, self._hits
        columns = (rows.tolist(), lost.tolist(), won.tolist(), images.tolist(), target.tolist())
        return [
            Triplet(names[row], (text_of(words[old], words[new]),), names[image], hits=hits[caption])
            for row, old, new, image, caption in zip(*columns, strict=True)
        ]


def _draw_from(rows: Ragged, which: Ints, bits: np.random.PCG64) -> Ints:
    """One value of each of these rows, uniformly."""
    drawn: Ints = rows.values[rows.starts[which] + _pick(bits, rows.lengths[which])]
    return drawn


def _pick(bits: np.random.PCG64, counts: Ints) -> Ints:
    """For each count a number below it, uniformly; numpy promises the raw bits, and only those, for all versions."""
    raw = bits.random_raw(len(counts)) >> np.uint64(32)
    below: Ints = ((raw * counts.astype(np.uint64)) >> np.uint64(32)).astype(np.int64)
    return below


def _bits(seed: int, epoch: int) -> np.random.PCG64:
    return np.random.PCG64(int.from_bytes(hashlib.blake2b(f"{seed}/{epoch}".encode(), digest_size=16).digest(), "big"))
