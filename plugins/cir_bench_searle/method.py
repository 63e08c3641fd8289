"""`Searle`: words of images by inversion, and a network that learns them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import (
    BuildContext,
    Method,
    PseudoWordComposer,
    TrainBatch,
    TrainGallery,
    TrainStage,
    TrainStep,
)
from cir_bench_lincir.mapping import Mapping
from cir_bench_searle.inversion import Inversion
from cir_bench_searle.params import INVERSION, SearleParams
from cir_bench_searle.sentences import FRAMES, Sentences


class Searle(Method):
    """All images are inverted once, before the first step; φ learns their words. The encoder is frozen."""

    composer: PseudoWordComposer

    def __init__(self, params: SearleParams, context: BuildContext) -> None:
        super().__init__(params)
        self._settings, words = params, context.pseudo_words
        self._sentences = Sentences(words, params.concepts)
        self.inversion = Inversion(words, self._sentences, params)
        width = context.shape.image.width
        network = ScaledMapping(params.word_scale, width, params.hidden * width, words.width, params.dropout)
        mapping = self.inversion if params.ablation == INVERSION else network
        self.composer = PseudoWordComposer(mapping, words)
        self._words: Tensor | None = None

    def stages(self) -> Sequence[TrainStage]:
        """The distillation, with all images at hand; nothing to train without the network."""
        if self._settings.ablation == INVERSION:
            return ()
        return (TrainStage("distillation", self._settings.training, gallery=True),)

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step: φ's words against those that the inversion found."""
        assert batch.gallery is not None
        params, gallery = self._settings, batch.gallery
        if self._words is None:
            self._words = self._inverted(gallery)
        rows, image, same = self._drawn(batch, gallery)
        found = self.composer.mapping(image)
        terms = {"distillation": contrastive(found, self._words[rows.to(self._words.device)], same, params.temperature)}
        weights: dict[str, float] = {}
        if params.distillation_weight:
            near = self._sentences.nearest(image, params.distillation_concepts)
            drawn = torch.randint(near.shape[1], (len(near), 1), device=near.device)
            concepts = near.gather(1, drawn).squeeze(1)
            terms["regularisation"] = self._sentences.loss(found, concepts, batch.step % len(FRAMES)).mean()
            weights["regularisation"] = params.distillation_weight
        yield TrainStep(terms, weights)

    def _drawn(self, batch: TrainBatch, gallery: TrainGallery) -> tuple[Tensor, Tensor, Tensor]:
        """Rows of the inverted words, the images' features ``[B, d]``, and which are copies: the batch, or others."""
        if self._settings.images is None:
            return gallery.target.cpu(), batch.target.need_pooled(), batch.same_target
        chosen = self._chosen(gallery)
        rows = torch.randperm(len(chosen))[: len(gallery.target)]
        image = gallery.features(chosen[rows]).need_pooled()
        return rows, image, torch.eye(len(rows), dtype=torch.bool, device=image.device)

    def _chosen(self, images: TrainGallery) -> Tensor:
        """The rows of the images that are inverted, the same in every run."""
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        return order[: self._settings.images].sort().values

    def _inverted(self, images: TrainGallery) -> Tensor:
        """The words ``[n, W]`` of the chosen images. They are the same each time, so a resumed training has them."""
        parts = torch.split(self._chosen(images), self._settings.batch)
        return torch.cat([self.inversion(images.features(rows).need_pooled()) for rows in parts])


class ScaledMapping(Mapping):
    """φ, as LinCIR has it, whose words are multiplied by ``scale``."""

    def __init__(self, scale: float, width: int, hidden: int, word: int, dropout: float) -> None:
        super().__init__(width, hidden, word, dropout)
        self.scale = scale

    def forward(self, feature: Tensor) -> Tensor:
        """``[B, d]`` to ``[B, W]``."""
        return self.scale * super().forward(feature)


def contrastive(found: Tensor, wanted: Tensor, same: Tensor, temperature: float) -> Tensor:
    """SEARLE's distillation loss: each of 2B words must find its other among the 2B − 1 that are not itself.

    Words of another copy of the image (``same``, ``[B, B]``) are no negatives.
    """
    count = len(found)
    words = F.normalize(torch.cat([found, wanted]), dim=1)
    logits = words @ words.T / temperature
    own = torch.eye(count, dtype=torch.bool, device=words.device)
    copies = same & ~own
    hidden = torch.cat([torch.cat([own | copies, copies], dim=1), torch.cat([copies, own | copies], dim=1)])
    places = torch.arange(2 * count, device=words.device)
    return F.cross_entropy(logits.masked_fill(hidden, -torch.inf), (places + count) % (2 * count))
