"""The method `combiner`: its two stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cir_bench import Build, Encoder, Features, Optimiser, Stage, StandardMethod, Step, TrainBatch
from cir_bench_combiner.params import CombinerParams
from cir_bench_combiner.staged import StagedComposer

FINETUNE = "finetune"
LOSS = "batch-classification"


class Combiner(StandardMethod):
    """CLIP4Cir: (1) the encoder learns with query = normalise(v + t), (2) the Combiner learns on the frozen features.

    The first stage is left out when ``params.finetune`` is None. Both minimise the batch classification loss with logit
    scale 100.
    """

    params: CombinerParams
    composer: StagedComposer

    def __init__(self, params: CombinerParams, build: Build) -> None:
        combiner = build.composer(
            "combiner", projection=params.projection, hidden=params.hidden, dropout=params.dropout
        )
        loss = build.loss(LOSS, scale=100.0, scale_on="similarity", learn_scale=False)
        super().__init__(params, StagedComposer(combiner), {LOSS: loss})

    def stages(self) -> Sequence[Stage]:
        """``finetune`` (when asked for), then ``combiner``."""
        first = (Stage(FINETUNE, self.params.finetune),) if self.params.finetune else ()
        return (*first, Stage("combiner", self.params.training))

    def optimisers(self, stage: Stage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """In ``finetune`` only the encoder's parameters: the Combiner has no part in that stage."""
        wanted = super().optimisers(stage, encoders)
        if stage.name != FINETUNE:
            return wanted
        own = {id(parameter) for parameter in self.parameters()}
        return [Optimiser(o.name, [g for g in o.groups if not own.issuperset(map(id, g.parameters))]) for o in wanted]

    def training_steps(self, batch: TrainBatch, stage: Stage) -> Iterator[Step]:
        """One step: on the sum in ``finetune``, on the Combiner's query in ``combiner``."""
        finetuning = stage.name == FINETUNE
        self.composer.use_sum(finetuning)
        if finetuning and self.params.finetune_encoders == "text":
            batch = replace(batch, reference=_detached(batch.reference), target=_detached(batch.target))
        yield from super().training_steps(batch, stage)


def _detached(image: Features) -> Features:
    """Image features that no gradient goes through: the image encoder stays as it is."""
    return Features(pooled=image.need_pooled().detach())
