"""The method: the composer, by name like any other plugin's, and the loss with its own parameters."""

from __future__ import annotations

from cir_bench import BuildContext, StandardMethod
from cir_bench_translation.loss import MarginSoftmaxLoss
from cir_bench_translation.params import TranslationParams


class Translation(StandardMethod):
    """`translation` trained with `margin-softmax`."""

    def __init__(self, params: TranslationParams, context: BuildContext) -> None:
        loss = MarginSoftmaxLoss(params.loss, context)
        super().__init__(params, context.composer("translation"), {"margin-softmax": loss})
