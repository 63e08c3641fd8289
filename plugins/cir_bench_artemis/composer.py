"""`ArtemisComposer`: two scores in one, each with an attention that the modification text sets."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench import BuildContext, Composer, Embedding, Features
from cir_bench_artemis.params import ArtemisComposerParams

EXPLICIT, IMPLICIT = "explicit", "implicit"


class Attention(nn.Module):
    """A(m): which dimensions of an image matter to the text m; positive.

    It is the softmax times the width w, so that its entries are about 1 instead of 1 / w. That changes no cosine and
    keeps their squares within the range of half precision.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, text: Tensor) -> Tensor:
        """``[B, w]`` from texts ``[B, w]``."""
        weights: Tensor = self.attention(text).softmax(dim=1)
        return weights * weights.shape[1]


class ArtemisComposer(Composer):
    """The score of text m, reference r and candidate t, all of width w and length 1, is EM + IS.

    ::

        EM = T(m) · norm(A_E(m) ⊙ t)                     explicit matching
        IS = norm(A_I(m) ⊙ r) · norm(A_I(m) ⊙ t)         implicit similarity

    The norms depend on both the text and the candidate, so the score is no dot product of a query and a candidate.
    """

    def __init__(self, params: ArtemisComposerParams, context: BuildContext) -> None:
        super().__init__(params, context)
        width, self._ablation = params.width, params.ablation
        self.image = nn.Linear(context.shape.image.width, width)
        if self._ablation != "visual":
            self.text = nn.Linear(context.shape.text.width, width)
        parts = {"none": (EXPLICIT, IMPLICIT), "explicit-only": (EXPLICIT,), "implicit-only": (IMPLICIT,)}
        self.parts = parts.get(self._ablation, ())
        self.factorises = not self.parts
        self.attentions = nn.ModuleDict({part: Attention(width) for part in self.parts})
        if EXPLICIT in self.parts:
            self.transform = nn.Linear(width, width)

    def compose(self, reference: Features, text: Features) -> Embedding:
        """In the only space, T(m) or norm(A_I ⊙ r); as extras the rest of what `score` takes, ``[B, w]`` each."""
        if self._ablation == "visual":
            return self.embed_target(reference)
        m = F.normalize(self.text(text.need_pooled()), dim=1)
        if self._ablation == "cross-modal":
            return Embedding.single(m)
        if self._ablation == "late-fusion":
            return Embedding.single(m + self.embed_target(reference).main)
        attention = {part: module(m) for part, module in self.attentions.items()}
        sides = {}
        if EXPLICIT in attention:
            sides[EXPLICIT] = F.normalize(self.transform(m), dim=1)
        if IMPLICIT in attention:
            sides[IMPLICIT] = F.normalize(attention[IMPLICIT] * self.embed_target(reference).main, dim=1)
        extras = {f"{part} attention": weights for part, weights in attention.items()}
        return Embedding.single(sides[self.parts[0]], **sides, **extras)

    def embed_target(self, image: Features) -> Embedding:
        """Images in the common space, ``[B, w]``, of length 1."""
        return Embedding.single(F.normalize(self.image(image.need_pooled()), dim=1))

    def score(self, query: Embedding, target: Embedding) -> Tensor:
        """EM + IS, ``[B, N]``."""
        if self.factorises:
            return query.score(target)
        images = target.main
        return torch.stack(
            [attended_cosine(query.extras[part], query.extras[f"{part} attention"], images) for part in self.parts]
        ).sum(dim=0)


def attended_cosine(side: Tensor, attention: Tensor, images: Tensor) -> Tensor:
    """``c · norm(A ⊙ t)`` of B queries and N images, ``[B, N]``, by two matrix products: nothing is ``[B, N, w]``.

    ::

        c · norm(A ⊙ t) = (c ⊙ A) · t / sqrt(A² · t²)

    Args:
        side: c ``[B, w]``.
        attention: A ``[B, w]``, positive.
        images: t ``[N, w]``.
    """
    length = (attention.square() @ images.square().T).clamp(min=torch.finfo(torch.float32).tiny).sqrt()
    return (side * attention) @ images.T / length
