"""Sentences about concepts, with which a word is compared: the regularisation, without a language model."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import PseudoWords

TEMPLATES = (
    "a photo of $",
    "a picture of $",
    "an image of $",
    "a photo of the $",
    "a photo of one $",
    "a good photo of $",
    "a bad photo of $",
    "a close-up photo of $",
    "a cropped photo of $",
    "a bright photo of $",
    "a dark photo of $",
    "a blurry photo of $",
    "a photo of a small $",
    "a photo of a large $",
    "a photo of a nice $",
    "a photo of my $",
    "a rendering of $",
    "a drawing of $",
    "a painting of $",
    "a black and white photo of $",
    "a low resolution photo of $",
    "this is a photo of $",
    "there is $ in the photo",
    "$",
)
"""Texts of which one stands for the image in each step of the inversion."""

FRAMES = (
    "a photo of $",
    "the $ in the picture",
    "people like the $",
    "a $ and another one",
    "the $ on the table",
    "there was a $",
    "she found the $",
    "the small $",
)
"""Sentences with a place for the name of a concept. The paper has those of GPT-Neo 2.7B on each concept."""


class Sentences:
    """``FRAMES`` about the concepts that are nearest to an image, and about its word.

    Args:
        words: the text tower, which stays as it is.
        concepts: names that are put into the frames.
    """

    def __init__(self, words: PseudoWords, concepts: tuple[str, ...]) -> None:
        self._words, self._concepts = words, concepts
        self._features: Tensor | None = None

    def nearest(self, image: Tensor, count: int) -> Tensor:
        """``[B, k]``, numbers of the concepts whose "a photo of" is nearest to each image ``[B, d]``, best first."""
        cosines = F.normalize(image.detach(), dim=1) @ self._about_concepts(image)[0].T
        return cosines.topk(min(count, len(self._concepts)), dim=1).indices

    def loss(self, vectors: Tensor, concepts: Tensor, frame: int) -> Tensor:
        """``[B]``: 1 − cos of a frame with the words ``[B, W]``, and with the names of B concepts, by number."""
        template = [FRAMES[frame]] * len(vectors)
        found = self._words.read(template, [""] * len(vectors), vectors).need_pooled()
        return 1 - F.cosine_similarity(found, self._about_concepts(found)[frame][concepts], dim=1)

    def _about_concepts(self, like: Tensor) -> Tensor:
        """``[frames, concepts, d]``, L2-normalised, on the device of ``like``."""
        if self._features is None:
            texts = [frame.replace("$", name) for frame in FRAMES for name in self._concepts]
            found = self._words.read_plain(texts).need_pooled()
            self._features = F.normalize(found, dim=1).view(len(FRAMES), len(self._concepts), -1)
        return self._features.to(like)


def draws(count: int, below: int, seed: int) -> list[int]:
    """``count`` numbers from 0 to ``below`` - 1, the same in every run."""
    numbers: list[int] = torch.randint(below, (count,), generator=torch.Generator().manual_seed(seed)).tolist()
    return numbers
