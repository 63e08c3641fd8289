"""The method `tirg`: one of its composers with one of its losses."""

from __future__ import annotations

from cir_bench import BuildContext, StandardMethod
from cir_bench_tirg.params import LAST_CONV, TirgParams


class Tirg(StandardMethod):
    """TIRG with the batch classification or the soft triplet loss, on embeddings times a learnable scale."""

    def __init__(self, params: TirgParams, build: BuildContext) -> None:
        if params.variant == LAST_CONV:
            composer = build.composer("tirg-last-conv", scaling=params.scaling, embed_width=params.embed_width)
        else:
            composer = build.composer("tirg", scaling=params.scaling)
        super().__init__(params, composer, {params.loss: build.loss(params.loss)})
