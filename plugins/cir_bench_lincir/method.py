"""`Lincir`: the word of a text's feature, in the place of the text's keywords, must give the text's feature."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from cir_bench import BuildContext, Method, PseudoWordComposer, TrainBatch, TrainStage, TrainStep
from cir_bench_lincir.mapping import Mapping
from cir_bench_lincir.masking import masked
from cir_bench_lincir.params import LincirParams


class Lincir(Method):
    """The mapping is trained on texts alone; the encoder is frozen. At test, it reads image features."""

    composer: PseudoWordComposer

    def __init__(self, params: LincirParams, context: BuildContext) -> None:
        super().__init__(params)
        self.noise, self.last_run = params.noise, params.last_run == "replaced"
        self.words = context.pseudo_words
        width = context.shape.image.width
        self.mapping = Mapping(
            width, params.hidden * width, self.words.width, params.dropout, normalise=params.normalise
        )
        self.composer = PseudoWordComposer(self.mapping, self.words)

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step: the masked texts with the words of their own features, against these features."""
        feature = batch.text.need_pooled()
        read = self.mapping.prepared(feature)
        amount = self.noise * torch.rand(len(read), 1, device=read.device, dtype=read.dtype)
        vectors = self.mapping.layers(read + amount * torch.randn_like(read))
        templates = [masked(text, last_run=self.last_run) for text in batch.text.need_texts()]
        found = self.words.read(templates, [""] * len(templates), vectors).need_pooled()
        yield TrainStep({"self-masking": F.mse_loss(found, feature)})
