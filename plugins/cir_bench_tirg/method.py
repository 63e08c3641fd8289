"""The method `tirg`: one of its composers with one of its losses."""

from __future__ import annotations

from cir_bench import BuildContext, StandardMethod
from cir_bench_tirg.composer import TirgComposer
from cir_bench_tirg.last_conv import TirgLastConvComposer
from cir_bench_tirg.params import LAST_CONV, SOFT_TRIPLET, TirgParams


class Tirg(StandardMethod):
    """TIRG with the batch classification or the soft triplet loss, on embeddings times a learnable scale."""

    def __init__(self, params: TirgParams, context: BuildContext) -> None:
        composer = TirgLastConvComposer if params.level == LAST_CONV else TirgComposer
        settings = {"anchors": params.anchors} if params.loss == SOFT_TRIPLET else {}
        loss = context.loss(params.loss, scale=params.scale, **settings)
        super().__init__(params, composer(params, context), {params.loss: loss})
