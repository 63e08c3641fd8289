"""`TwoStageMethod`: a composer, then a reranker that learns from the composer's hard candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench.errors import ConfigError
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.loss import Loss
from cir_bench.interfaces.method import (
    BatchGallery,
    Optimiser,
    ParameterGroup,
    StandardMethod,
    TrainBatch,
    TrainStage,
    TrainStep,
)
from cir_bench.interfaces.reranker import Reranker, rescored_as
from cir_bench.params.models import TwoStageParams

FIRST, SECOND = "first", "second"


class TwoStageMethod(StandardMethod):
    """A composer trained with its losses, then frozen while a reranker learns.

    The stage ``first`` is that of a `StandardMethod`; nothing is rescored in it. In the stage ``second``, the
    candidates of a query are its own target and the ``params.negatives`` other targets of the batch that the composer
    scores highest, and the loss is the cross-entropy of the reranker's scores as logits.

    Args:
        params: the method's parameters.
        composer: the first stage.
        losses: its loss terms by name; without any it is not trained.
        reranker: the second stage.
        weights: weight of each term; 1 by default.

    Raises:
        ConfigError: ``reranker`` is not a `Reranker`, or its k is not ``params.k``.
    """

    params: TwoStageParams
    reranker: Reranker

    def __init__(
        self,
        params: TwoStageParams,
        composer: Composer,
        losses: Mapping[str, Loss],
        reranker: Reranker,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(params, composer, losses, weights)
        if not isinstance(reranker, Reranker):
            raise ConfigError(f"{type(reranker).__name__} is not a Reranker; derive it from cir_bench.Reranker.")
        if reranker.k != params.k:
            raise ConfigError(
                f"k={params.k} does not reach {type(reranker).__name__}, which has k={reranker.k}; "
                "its constructor must call super().__init__(params.k)."
            )
        self.reranker = reranker

    def stages(self) -> Sequence[TrainStage]:
        """``first``, if there are losses, then ``second``."""
        first = (TrainStage(FIRST, self.params.training),) if self.losses else ()
        return (*first, TrainStage(SECOND, self.params.second))

    def optimisers(self, stage: TrainStage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """Those of a `Method`, without the parameters of the other stage."""
        second = {id(parameter) for parameter in self.reranker.parameters()}
        idle = second if stage.name == FIRST else {id(parameter) for parameter in self.parameters()} - second
        made = []
        for one in super().optimisers(stage, encoders):
            own = [(group, [p for p in group.parameters if id(p) not in idle]) for group in one.groups]
            made.append(Optimiser(one.name, [ParameterGroup(kept, group.lr) for group, kept in own if kept]))
        return [one for one in made if one.groups]

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step of the losses on the composer, or of the cross-entropy on the reranker."""
        self.reranker.rescoring.fill_(stage.name == SECOND)
        if stage.name == FIRST:
            yield from super().training_steps(batch, stage)
            return
        rows, scores = self._candidates(batch)
        candidates = batch.target[rows.flatten()]
        rescored = rescored_as(scores, self.reranker.rescore(batch.reference, batch.text, candidates, scores))
        # of a small batch, a row may end with other copies of its own target
        copies = batch.same_target.gather(1, rows)
        copies[:, 0] = False
        own = torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
        yield TrainStep({"rerank": F.cross_entropy(rescored.masked_fill(copies, -torch.inf), own)})

    def _candidates(self, batch: TrainBatch) -> tuple[Tensor, Tensor]:
        """``[B, 1 + n]`` rows of the batch's targets, each query's own and then its hardest, and their first scores."""
        training = self.composer.training
        self.composer.eval()
        with torch.no_grad():
            query, target = self.composer.compose(batch.reference, batch.text), self.composer.embed_target(batch.target)
            if self.composer.uses_gallery:
                query = self.composer.refine(query, BatchGallery(target, self.composer.scorer))
            scores = self.composer.scorer(query, target)
        self.composer.train(training)
        hard = scores.masked_fill(batch.same_target, -torch.inf).topk(
            min(self.params.negatives, len(scores) - 1), dim=1
        )
        rows = torch.cat([torch.arange(len(scores), device=scores.device)[:, None], hard.indices], dim=1)
        return rows, scores.gather(1, rows)
