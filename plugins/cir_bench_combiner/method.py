"""The method `combiner`: its two stages."""

from __future__ import annotations

from cir_bench import BuildContext, FinetuneMethod
from cir_bench_combiner.composer import CombinerComposer
from cir_bench_combiner.params import CombinerParams

LOSS = "batch-classification"


class Combiner(FinetuneMethod):
    """CLIP4Cir: (1) the encoder learns with query = normalise(v + t), (2) the Combiner learns on the frozen features.

    The first stage is left out when ``params.finetune`` is None. Both minimise the batch classification loss with
    logit scale 100 (``params.scale``). In CVPRW 2022 the first stage changes the text encoder alone, in the authors'
    later work both.
    """

    params: CombinerParams
    main_stage = "combiner"

    def __init__(self, params: CombinerParams, context: BuildContext) -> None:
        loss = context.loss(LOSS, scale=params.scale, scale_on="similarity", learn_scale=False)
        super().__init__(params, CombinerComposer(params, context), {LOSS: loss})
