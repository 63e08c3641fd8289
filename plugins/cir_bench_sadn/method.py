"""The method `sadn`: how the neighbourhood is trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from cir_bench import (
    BatchGallery,
    BuildContext,
    ConfigError,
    Embedding,
    FinetuneMethod,
    Loss,
    TrainBatch,
    TrainStage,
    TrainStep,
)
from cir_bench_sadn.adaptation import adaptation_loss
from cir_bench_sadn.aggregation import alignment
from cir_bench_sadn.composer import SadnComposer
from cir_bench_sadn.focal import FocalInfoNCELoss
from cir_bench_sadn.params import BCE, NO_ADAPT, NO_CIA, NO_RANK, REFINED, TRIPLET, SadnParams

FIRST_STAGE_LOSS = "batch-classification"


class Sadn(FinetuneMethod):
    """SADN (ACM MM 2024): L = L_rank + λ · L_adapt (Eq. 14) on queries refined by their neighbours in the batch.

    Only here the target is seen: it guides the correspondence (E in Eq. 5) and is the teacher of L_adapt. The composer,
    which is all that evaluation knows, uses the query in its place. The first stage (``params.finetune``) trains the
    encoder as CLIP4Cir does.
    """

    params: SadnParams
    main_stage = "sadn"

    def __init__(self, params: SadnParams, context: BuildContext) -> None:
        base = context.composer(params.base, **params.of_base())
        first = context.loss(FIRST_STAGE_LOSS, scale=100.0, scale_on="similarity", learn_scale=False)
        super().__init__(params, SadnComposer(base, context.shape, params), {FIRST_STAGE_LOSS: first})
        self.rank = _ranking_loss(params, context)
        self.adapts = params.lambda_adapt > 0 and params.ablation not in {NO_CIA, NO_ADAPT}
        if self.rank is None and not self.adapts:
            raise ConfigError("sadn without L_rank and without L_adapt learns from nothing; set lambda_adapt above 0.")

    def main_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step: L_rank and L_adapt of the batch."""
        sadn = cast(SadnComposer, self.composer.inner)
        query = sadn.compose(batch.reference, batch.text)
        target = sadn.embed_target(batch.target)
        refined, adapt = self._refine(sadn, query, target)
        terms = {}
        if self.rank is not None:
            ranked = refined if self.params.rank_on == REFINED else query
            terms["rank"] = self.rank(ranked, target, batch.same_target)  # Eq. 13
        if self.adapts:
            terms["adapt"] = adapt.mean()  # Eq. 6
        yield TrainStep(terms, {"adapt": self.params.lambda_adapt} if self.adapts else {})  # Eq. 14

    def _refine(self, sadn: SadnComposer, query: Embedding, target: Embedding) -> tuple[Embedding, Tensor]:
        """Q̂ and each query's L_adapt ``[B]``; the batch's targets are the candidates, the own target among them."""
        gallery = BatchGallery(target)
        unrefined, guide = sadn.scaled(query), sadn.scaled(target)

        def one_block(queries: Tensor, guides: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            neighbours = sadn.take(gallery, rows)
            refined = sadn.aggregation(queries, neighbours, guides)
            if not self.adapts:
                return refined, refined.new_zeros(len(refined))
            by_query, by_target = alignment(neighbours, queries), alignment(neighbours, guides)
            return refined, adaptation_loss(by_query, by_target, self.params.adapt_axis)

        found = []
        for block, rows in sadn.neighbourhoods(query, gallery):
            inputs = unrefined[block], guide[block], rows
            if len(rows) == len(query):
                found.append(one_block(*inputs))
            else:  # without neighbourhood B × B × d numbers do not fit: recompute them in the backward pass
                found.append(checkpoint(one_block, *inputs, use_reentrant=False))
        refined_parts, adapt_parts = zip(*found, strict=True)
        return Embedding.single(torch.cat(refined_parts)), torch.cat(adapt_parts)


def _ranking_loss(params: SadnParams, context: BuildContext) -> Loss | None:
    """L_rank: the focal InfoNCE, or what Table 5 puts in its place."""
    if params.ablation == NO_RANK:
        return None
    if params.ablation == BCE:
        return context.loss("batch-classification", scale=params.tau, scale_on="similarity", learn_scale=False)
    if params.ablation == TRIPLET:
        return context.loss("triplet-hinge", spaces="joint")
    return FocalInfoNCELoss(params, context)
