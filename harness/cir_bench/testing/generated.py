"""A small generated benchmark as a plugin, loaded by `RunContract` and the pytest fixtures, never by a run.

An image is three bars, each of one of four colours; a text names the new colour of a bar (``the top is red``). The
encoder maps pixels and words to every level with fixed random weights.
"""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from cir_bench import (
    Context,
    DataError,
    Dataset,
    DatasetSpec,
    Encoder,
    EncoderShape,
    EncoderSpec,
    FeatureLevel,
    Features,
    FeatureShape,
    ImageRef,
    Params,
    Provides,
    Query,
    Triplet,
    hookimpl,
    levels,
)
from cir_bench.utils import pseudo_word_rows

CIR_BENCH_API = 1

NAME = "cir-bench-generated"
"""Name of the data set, the encoder and the benchmark."""
FILE = Path(__file__)
"""For ``--plugin`` or ``Contract.plugin_files``."""
EMPTY, ONE_WORD = "empty-text", "one-word"
"""Ids of the queries with an empty text and with a text of one word."""

COLOURS = {"red": (220, 40, 30), "green": (30, 160, 60), "blue": (40, 60, 210), "white": (245, 245, 245)}
BARS = ("top", "middle", "bottom")
HELD_OUT = 7
"""Every seventh change is a test query: 7 does not divide a scene's nine changes, so that every kind is tested."""
SIDE = 12
WIDTH = 32
WORDS = 64
MAPS = ((8, 8, 8), (16, 4, 4), (24, 2, 2))
BOTH = levels("pooled", "tokens")


class GeneratedParams(Params):
    """Variants of the test split that must not change the scores of a method."""

    targets: Literal["right", "rotated"] = "right"
    """rotated: every test query has the target of the next one, which a method cannot know; it ranks as before."""
    gallery: Literal["forwards", "backwards"] = "forwards"
    """backwards: the candidates in the reverse order."""


class Bars(Dataset):
    """64 images of three bars; a triplet changes one bar. Every seventh change is a test query, the others train."""

    def __init__(self, params: GeneratedParams, context: Context) -> None:
        self._params = params
        self._scenes = {"-".join(scene): scene for scene in itertools.product(COLOURS, repeat=len(BARS))}

    def train(self) -> Sequence[Triplet]:
        """The changes of the train split; the last two have an empty text and a single word."""
        edits = [Triplet(reference, (text,), target) for reference, text, target in self._edits("train")]
        return [*edits[:-2], replace(edits[-2], captions=("",)), replace(edits[-1], captions=("red",))]

    def queries(self, split: str) -> Sequence[Query]:
        """The changes of the split, and two more queries: one with an empty text, one with a single word."""
        edits = list(self._edits(split))
        targets = [target for _, _, target in edits]
        if self._params.targets == "rotated":
            targets = [*targets[1:], targets[0]]
        asked = [
            Query(f"bars-{i}", reference, (text,), (target,), tags=(text.split()[1],))
            for i, ((reference, text, _), target) in enumerate(zip(edits, targets, strict=True))
        ]
        empty = replace(asked[0], id=EMPTY, captions=("",), tags=())
        return [*asked, empty, replace(asked[1], id=ONE_WORD, captions=("red",), tags=())]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """All images."""
        names = list(self._scenes)
        return names if self._params.gallery == "forwards" else names[::-1]

    def open(self, image_id: str) -> Image.Image:
        """Draw the bars."""
        if not self.has(image_id):
            raise DataError(f"there is no image {image_id!r}; ids are colours, like red-green-blue.")
        rows = np.repeat([COLOURS[colour] for colour in self._scenes[image_id]], SIDE // len(BARS), axis=0)
        return Image.fromarray(np.repeat(rows[:, None].astype(np.uint8), SIDE, axis=1))

    def has(self, image_id: str) -> bool:
        """Whether it is one of the 64."""
        return image_id in self._scenes

    def digest(self, image_id: str) -> str:
        """Digest of the pixels."""
        return hashlib.sha256(self.open(image_id).tobytes()).hexdigest()

    def side_text(self, image_id: str) -> str:
        """The colours in words."""
        return ", ".join(f"{bar} {colour}" for bar, colour in zip(BARS, self._scenes[image_id], strict=True))

    def _edits(self, split: str) -> Iterator[tuple[str, str, str]]:
        if split not in {"train", "test"}:
            raise DataError(f"there is no split {split!r}; there are train and test.")
        edits = (
            (name, f"the {BARS[place]} is {colour}", "-".join((*scene[:place], colour, *scene[place + 1 :])))
            for name, scene in self._scenes.items()
            for place, colour in itertools.product(range(len(BARS)), COLOURS)
            if scene[place] != colour
        )
        for number, edit in enumerate(edits):
            if (number % HELD_OUT == 0) == (split == "test"):
                yield edit


class BarsEncoder(Encoder):
    """Pooled features, tokens and three maps of the pixels; pooled features and tokens of words, and of pairs."""

    def __init__(self, params: Params, context: Context) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)

        def weights(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=generator))

        self.pixels = weights(3 * len(BARS), WIDTH)
        self.bars = weights(3 + len(BARS), WIDTH)
        self.words = weights(WORDS + 1, WIDTH)  # the last one starts every text, so that an empty text has a token
        self.channels = nn.ParameterList(weights(channels, 3) for channels, _, _ in MAPS)
        image = FeatureShape(pooled=WIDTH, tokens=WIDTH, maps=MAPS)
        both = FeatureShape(pooled=WIDTH, tokens=WIDTH)
        self.shape = EncoderShape(image, both, both)

    def image_item(self, image: ImageRef, *, train: bool = False) -> Tensor:
        """Pixels ``[3, SIDE, SIDE]`` between -1 and 1."""
        picture = image.open().resize((SIDE, SIDE), Image.Resampling.BOX)
        pixels = torch.from_numpy(np.array(picture, dtype=np.float32))
        return pixels.permute(2, 0, 1) / 127.5 - 1

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B pictures."""
        pixels = torch.stack(list(items)).to(self.device)
        bars = pixels.mean(3).reshape(len(items), 3, len(BARS), -1).mean(3).transpose(1, 2)  # [B, bar, RGB]
        places = torch.eye(len(BARS), device=self.device).expand(len(items), -1, -1)
        maps = tuple(
            torch.einsum("cr,brhw->bchw", mix, F.adaptive_avg_pool2d(pixels, (height, width)))
            for mix, (_, height, width) in zip(self.channels, MAPS, strict=True)
        )
        return _only(
            levels,
            pooled=bars.flatten(1) @ self.pixels,
            tokens=torch.cat([bars, places], dim=2) @ self.bars,
            mask=torch.ones(len(items), len(BARS), dtype=torch.bool, device=self.device),
            maps=maps,
        )

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts; a word's row is a hash of its letters."""
        rows = [[WORDS, *(zlib.crc32(word.encode()) % WORDS for word in text.lower().split())] for text in texts]
        mask = torch.zeros(len(texts), max(map(len, rows)), dtype=torch.bool, device=self.device)
        tokens = torch.zeros(*mask.shape, WIDTH, device=self.device)
        for i, row in enumerate(rows):
            mask[i, : len(row)] = True
            tokens[i, : len(row)] = self.words[torch.tensor(row, device=self.device)]
        return _only(levels, pooled=tokens.sum(1) / mask.sum(1, keepdim=True) ** 0.5, tokens=tokens, mask=mask)

    def encode_pairs(self, items: Sequence[Any], texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Joint features: the text moves the image's pooled feature, and scales its tokens."""
        image, text = self.encode_images(items, BOTH), self.encode_texts(texts, BOTH).need_pooled()
        tokens, mask = image.need_tokens()
        return _only(levels, image.need_pooled() + text, tokens * text[:, None].tanh(), mask)

    @property
    def pseudo_word_width(self) -> int:
        """That of a word's row."""
        return WIDTH

    def encode_texts_with(self, template: str | Sequence[str], captions: Sequence[str], vectors: Tensor) -> Features:
        """Pooled features: the words' rows and the vector are added up."""
        parts = pseudo_word_rows(template, captions, vectors, WIDTH)
        kept = [[part for part in row if part not in ("$", "{text}")] for row in parts]
        written = [" ".join([*row, text]) for row, text in zip(kept, captions, strict=True)]
        words = self.encode_texts(written, levels("pooled")).need_pooled()
        return Features(pooled=words + vectors / 2)


def _only(
    asked: frozenset[FeatureLevel], pooled: Tensor, tokens: Tensor, mask: Tensor, maps: tuple[Tensor, ...] = ()
) -> Features:
    with_tokens = FeatureLevel.TOKENS in asked
    return Features(
        pooled=pooled if FeatureLevel.POOLED in asked else None,
        tokens=tokens if with_tokens else None,
        mask=mask if with_tokens else None,
        maps=maps if FeatureLevel.MAPS in asked else (),
    )


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The bars."""
    return [
        DatasetSpec(
            name=NAME,
            summary="three coloured bars, for contracts",
            implementation=Bars,
            params=GeneratedParams,
            needs_root=False,
            synthetic=True,
        )
    ]


@hookimpl
def cir_bench_encoders() -> list[EncoderSpec]:
    """An encoder of every level."""
    images = levels("pooled", "tokens", "maps")
    every = Provides(image=images, text=BOTH, joint=BOTH, map_levels=len(MAPS), pseudo_words=True)
    summary = "pixels and words, for contracts"
    return [EncoderSpec(name=NAME, summary=summary, implementation=BarsEncoder, provides=every)]


@hookimpl
def cir_bench_benchmarks() -> list[Path]:
    """The benchmark of the bars."""
    return [FILE.with_suffix(".yaml")]
