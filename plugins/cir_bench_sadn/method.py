"""The method `sadn`: how the neighbourhood is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from cir_bench import (
    BatchGallery,
    BuildContext,
    ConfigError,
    Embedding,
    Encoder,
    FinetuneMethod,
    GalleryView,
    Loss,
    Optimiser,
    ParameterGroup,
    TrainBatch,
    TrainStage,
    TrainStep,
)
from cir_bench_sadn.adaptation import adaptation_loss
from cir_bench_sadn.aggregation import alignment
from cir_bench_sadn.candidates import OtherTargets, TrainImages
from cir_bench_sadn.composer import SadnComposer
from cir_bench_sadn.focal import FocalInfoNCELoss
from cir_bench_sadn.params import (
    BASE_TEMPERATURES,
    BCE,
    FIRST,
    INITIAL,
    LEFT_OUT,
    NO_ADAPT,
    NO_CIA,
    NO_NEIGHBOURHOOD,
    NO_RANK,
    OF_BASE,
    REFINED,
    SCORES,
    TRAIN,
    TRIPLET,
    FocalInfoNCEParams,
    SadnParams,
)

FIRST_STAGE_LOSS = "batch-classification"
BASE_STAGE = "base"


class Sadn(FinetuneMethod):
    """SADN (ACM MM 2024): L = L_rank + λ · L_adapt (Eq. 14) on queries refined by their neighbours in the batch.

    Only here the target is seen: it guides the correspondence (E in Eq. 5) and is the teacher of L_adapt. The composer,
    which is all that evaluation knows, uses the query in its place. The first stage (``params.finetune``) trains the
    encoder as CLIP4Cir does.
    """

    params: SadnParams
    main_stage = "sadn"

    def __init__(self, params: SadnParams, context: BuildContext) -> None:
        if params.neighbourhood == TRAIN and params.ablation == NO_NEIGHBOURHOOD:
            raise ConfigError("sadn cannot weigh all train images for every query; set neighbourhood=batch.")
        base = context.composer(params.base, **params.of_base())
        first = context.loss(FIRST_STAGE_LOSS, scale=100.0, scale_on="similarity", learn_scale=False)
        super().__init__(params, SadnComposer(base, context.shape, params), {FIRST_STAGE_LOSS: first})
        self.rank = _ranking_loss(params, context)
        self.adapts = params.lambda_adapt > 0 and params.ablation not in {NO_CIA, NO_ADAPT}
        if self.rank is None and (not self.adapts or params.base_training == FIRST):
            raise ConfigError("sadn without L_rank and without L_adapt learns from nothing; set lambda_adapt above 0.")

    def stages(self) -> Sequence[TrainStage]:
        """``finetune``, if asked for; ``base``, if it is trained first; ``sadn``."""
        *before, main = super().stages()
        main = replace(main, gallery=self.params.neighbourhood == TRAIN)
        base = [TrainStage(BASE_STAGE, self.params.training)] if self.params.base_training == FIRST else []
        return (*before, *base, main)

    def optimisers(self, stage: TrainStage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """Where the base is trained first: in its stage it and L_rank, in the last one everything but it."""
        made = super().optimisers(stage, encoders)
        if self.params.base_training != FIRST or stage.name not in (BASE_STAGE, self.main_stage):
            return made
        sadn = cast(SadnComposer, self.composer.inner)
        idle = {id(p) for p in (sadn.aggregation if stage.name == BASE_STAGE else sadn.base).parameters()}
        kept = [
            [ParameterGroup([p for p in group.parameters if id(p) not in idle], group.lr) for group in one.groups]
            for one in made
        ]
        return [
            Optimiser(one.name, [group for group in groups if group.parameters])
            for one, groups in zip(made, kept, strict=True)
        ]

    def main_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step: L_rank and L_adapt of the batch; of the base alone L_rank on the raw query."""
        sadn = cast(SadnComposer, self.composer.inner)
        if self.params.base_training == FIRST:
            sadn.begin(refining=stage.name != BASE_STAGE)
        query = sadn.compose(batch.reference, batch.text)
        target = sadn.embed_target(batch.target)
        if stage.name == BASE_STAGE:
            assert self.rank is not None
            yield TrainStep({"rank_initial": self.rank(query, target, batch.same_target)})
            return
        refined, adapt = self._refine(sadn, query, target, self._candidates(sadn, target, batch))
        terms = {}
        if self.rank is not None:
            on = self.params.rank_on
            if on != INITIAL:
                terms["rank"] = self.rank(refined, target, batch.same_target)  # Eq. 13
            if on != REFINED:
                terms["rank" if on == INITIAL else "rank_initial"] = self.rank(query, target, batch.same_target)
        if self.adapts:
            terms["adapt"] = adapt.mean()  # Eq. 6
        yield TrainStep(terms, {"adapt": self.params.lambda_adapt} if self.adapts else {})  # Eq. 14

    def _candidates(self, sadn: SadnComposer, target: Embedding, batch: TrainBatch) -> GalleryView:
        """Among what the batch's queries look for neighbours."""
        left_out = self.params.own_target == LEFT_OUT
        if self.params.neighbourhood == TRAIN:
            assert batch.gallery is not None
            return TrainImages(sadn, batch.gallery, own_left_out=left_out)
        return OtherTargets(target, batch.same_target) if left_out else BatchGallery(target)

    def _refine(
        self, sadn: SadnComposer, query: Embedding, target: Embedding, gallery: GalleryView
    ) -> tuple[Embedding, Tensor]:
        """Q̂ and each query's L_adapt ``[B]``."""
        unrefined, guide = sadn.scaled(query), sadn.scaled(target)

        def one_block(queries: Tensor, guides: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            neighbours = sadn.take(gallery, rows)
            refined = sadn.aggregation(queries, neighbours, guides)
            if not self.adapts:
                return refined, refined.new_zeros(len(refined))
            by_query, by_target = alignment(neighbours, queries), alignment(neighbours, guides)
            if self.params.adapt_axis == SCORES:
                by_query, by_target = (sadn.aggregation.log_scores(one) for one in (by_query, by_target))
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
    if params.ablation == TRIPLET:
        return context.loss("triplet-hinge", spaces="joint")
    tau, learned = params.tau, params.learn_tau
    if params.temperature == OF_BASE and params.base in BASE_TEMPERATURES:
        tau, learned = BASE_TEMPERATURES[params.base], True
    gamma = 0.0 if params.ablation == BCE else params.gamma
    return FocalInfoNCELoss(FocalInfoNCEParams(gamma=gamma, tau=tau, learn_tau=learned), context)
