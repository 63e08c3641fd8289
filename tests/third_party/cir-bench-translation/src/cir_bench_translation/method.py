"""The method: the composer with the loss, both by name, as any plugin's."""

from __future__ import annotations

from cir_bench import BuildContext, StandardMethod
from cir_bench_translation.params import TranslationParams


class Translation(StandardMethod):
    """`translation` trained with `margin-softmax`."""

    def __init__(self, params: TranslationParams, build: BuildContext) -> None:
        loss = build.loss("margin-softmax", margin=params.margin)
        super().__init__(params, build.composer("translation"), {"margin-softmax": loss})
