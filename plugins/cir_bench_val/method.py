"""The method `val`: L_vv, and L_vs where images have descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor, nn

from cir_bench import (
    BuildContext,
    ConfigError,
    Encoder,
    Method,
    Optimiser,
    ParameterGroup,
    TrainBatch,
    TrainStage,
    TrainStep,
)
from cir_bench_val.composer import ValComposer
from cir_bench_val.params import JOINT, OFF, PRETRAIN, ValParams
from cir_bench_val.semantic import VisualSemanticLoss

PRETRAINING = "pretraining"
L_VV = "L_vv"
L_VS = "L_vs"


class Val(Method):
    """VAL: hierarchical matching (L_vv) of composed queries and targets, with or without side information (L_vs).

    ``side_text=joint`` minimises L_vv + L_vs (the paper on Fashion200k); ``pretrain`` first L_vs, then L_vv (on Shoes
    and FashionIQ).
    """

    params: ValParams

    def __init__(self, params: ValParams, context: BuildContext) -> None:
        super().__init__(params)
        self.composer = ValComposer(params, context)
        self.hinge = context.loss("triplet-hinge", margin=params.margin, mining=params.mining, spaces="each")
        self.semantic = VisualSemanticLoss(context.shape, self.hinge) if params.side_text != OFF else None

    def stages(self) -> Sequence[TrainStage]:
        """``pretraining`` (when asked for), then ``training``."""
        main = TrainStage("training", self.params.training)
        if self.params.side_text != PRETRAIN:
            return (main,)
        pretraining = self.params.pretraining or self.params.training
        return TrainStage(PRETRAINING, pretraining, select=False, descriptions=True), main

    def optimisers(self, stage: TrainStage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """One, over the encoder and those parts of the method that have a loss in this stage."""
        idle = _parameters(self._idle(stage))
        (main,) = super().optimisers(stage, encoders)
        groups = [ParameterGroup([p for p in group.parameters if id(p) not in idle], group.lr) for group in main.groups]
        return (Optimiser(main.name, [group for group in groups if group.parameters]),)

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step with the stage's terms."""
        terms: dict[str, Tensor] = {}
        target = self.composer.embed_target(batch.target)
        if stage.name != PRETRAINING:
            query = self.composer.compose(batch.reference, batch.text)
            terms[L_VV] = self.hinge(query, target, batch.same_target)
        if self.semantic is not None and (stage.name == PRETRAINING or self.params.side_text == JOINT):
            assert batch.side_text is not None
            assert batch.described is not None
            _refuse_frozen(batch, self.params.side_text)
            terms[L_VS] = self.semantic(target, batch.side_text, batch.same_target, batch.described)
        yield TrainStep(terms)

    def _idle(self, stage: TrainStage) -> nn.Module | None:
        """What has no loss in this stage."""
        if stage.name == PRETRAINING:
            return self.composer
        return self.semantic if self.params.side_text == PRETRAIN else None


def _parameters(module: nn.Module | None) -> set[int]:
    return {id(parameter) for parameter in module.parameters()} if module is not None else set()


def _refuse_frozen(batch: TrainBatch, side_text: str) -> None:
    """L_vs on frozen image features would train its own linear layers, which the composer never sees."""
    if not any(image.requires_grad for image in batch.target.maps):
        raise ConfigError(
            f"side_text={side_text} matches images with their descriptions to train the encoder, and the encoder is "
            "frozen here; set training.encoder=train (and that of pretraining), or side_text=off."
        )
