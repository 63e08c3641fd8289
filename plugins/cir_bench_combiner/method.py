"""The method `combiner`: its two stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch.nn.functional as F

from cir_bench import (
    Build,
    Embedding,
    Encoder,
    Features,
    Optimiser,
    ParameterGroup,
    Stage,
    StandardMethod,
    Step,
    TrainBatch,
)
from cir_bench_combiner.params import CombinerParams

FINETUNE = "finetune"
LOSS = "batch-classification"


class Combiner(StandardMethod):
    """CLIP4Cir: (1) the encoder learns with query = normalise(v + t), (2) the Combiner learns on the frozen features.

    The first stage is left out when ``params.finetune`` is None. Both minimise the batch classification loss with logit
    scale 100.
    """

    params: CombinerParams

    def __init__(self, params: CombinerParams, build: Build) -> None:
        composer = build.composer(
            "combiner", projection=params.projection, hidden=params.hidden, dropout=params.dropout
        )
        loss = build.loss(LOSS, scale=100.0, scale_on="similarity", learn_scale=False)
        super().__init__(params, composer, {LOSS: loss})

    def stages(self) -> Sequence[Stage]:
        """``finetune`` (when asked for), then ``combiner``."""
        first = (Stage(FINETUNE, self.params.finetune),) if self.params.finetune else ()
        return (*first, Stage("combiner", self.params.training))

    def optimisers(self, stage: Stage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """In ``finetune`` only the encoder's parameters: the Combiner is not part of that stage."""
        wanted = super().optimisers(stage, encoders)
        if stage.name != FINETUNE:
            return wanted
        own = {id(parameter) for parameter in self.parameters()}
        return [Optimiser(o.name, [g for g in o.groups if not _belongs(g, own)]) for o in wanted]

    def training_steps(self, batch: TrainBatch, stage: Stage) -> Iterator[Step]:
        """One step: on the sum in ``finetune``, on the Combiner's query in ``combiner``."""
        if stage.name != FINETUNE:
            yield from super().training_steps(batch, stage)
            return
        image, target = batch.reference.need_pooled(), batch.target.need_pooled()
        if self.params.finetune_encoders == "text":
            image, target = image.detach(), target.detach()
        query = Embedding.single(F.normalize(image + batch.text.need_pooled(), dim=-1))
        target_embedding = self.composer.embed_target(Features(pooled=target))
        yield Step({LOSS: self.losses[LOSS](query, target_embedding, batch.same_target)})


def _belongs(group: ParameterGroup, own: set[int]) -> bool:
    return all(id(parameter) in own for parameter in group.parameters)
