"""`Pic2word`: "a photo of" an image's word is brought close to the image."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import BuildContext, Method, PseudoWordComposer, TrainBatch, TrainStage, TrainStep
from cir_bench_pic2word.mapping import Mapping
from cir_bench_pic2word.params import Pic2wordParams

PHOTO = "a photo of $"
"""The text of training."""


class Pic2word(Method):
    """The mapping is trained on images alone; the encoder is frozen."""

    composer: PseudoWordComposer

    def __init__(self, params: Pic2wordParams, context: BuildContext) -> None:
        super().__init__(params)
        self.scale = params.scale
        self.words = context.pseudo_words
        mapping = Mapping(context.shape.image.width, params.hidden, self.words.width, params.dropout)
        self.composer = PseudoWordComposer(mapping, self.words)

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step: each text must find its image in the batch, and each image its text."""
        image = batch.target.need_pooled()
        text = self.words.read(PHOTO, [""] * len(image), self.composer.mapping(image)).need_pooled()
        yield TrainStep({"contrastive": contrastive(text, image, batch.same_target, self.scale)})


def contrastive(text: Tensor, image: Tensor, same: Tensor, scale: float) -> Tensor:
    """Mean of both cross-entropies of ``scale`` times the cosines ``[B, B]``, against the diagonal.

    Pairs off the diagonal that are of the same image (``same``) are no negatives.
    """
    logits = scale * F.normalize(text, dim=1) @ F.normalize(image, dim=1).T
    right = torch.arange(len(logits), device=logits.device)
    copies = same & ~torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    logits = logits.masked_fill(copies, -torch.inf)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
