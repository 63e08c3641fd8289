"""Composers without parameters: one input alone, or the sum of both."""

from __future__ import annotations

import torch.nn.functional as F

from cir_bench import Composer, Embedding, Features


class ImageOnlyComposer(Composer):
    """The query is the reference image."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The reference image's pooled features ``[B, d]``."""
        return Embedding.single(reference.need_pooled())


class TextOnlyComposer(Composer):
    """The query is the modification text; image and text features must live in one space."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The text's pooled features ``[B, d]``."""
        return Embedding.single(text.need_pooled())


class SumComposer(Composer):
    """The query is normalise(image) + normalise(text): SADN's "Summation" (ACM MM 2024, Table 4)."""

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The sum of both unit vectors ``[B, d]``."""
        image = F.normalize(reference.need_pooled(), dim=-1)
        return Embedding.single(image + F.normalize(text.need_pooled(), dim=-1))
