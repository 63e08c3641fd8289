"""The method `rerank`: the composer of another method, and the network that looks at its best candidates."""

from __future__ import annotations

from cir_bench import BuildContext, TwoStageMethod
from cir_bench_rerank.params import RerankParams
from cir_bench_rerank.scorer import CrossScorer

LOSS = "batch-classification"


class Rerank(TwoStageMethod):
    """A composer with the batch classification loss, then a `CrossScorer` on its hard candidates."""

    def __init__(self, params: RerankParams, context: BuildContext) -> None:
        composer = context.composer(params.first, **params.of_first())
        super().__init__(params, composer, {LOSS: context.loss(LOSS)}, CrossScorer(params, context.shape))
