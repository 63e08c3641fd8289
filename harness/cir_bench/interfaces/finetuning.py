"""Two stages: the encoder is fine-tuned with the sum as the query, then frozen while the composer is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench.interfaces.composer import Composer, GalleryView
from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.explanation import Explanation
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.loss import Loss
from cir_bench.interfaces.method import Optimiser, StandardMethod, TrainBatch, TrainStage, TrainStep
from cir_bench.params.models import FinetuneParams

FINETUNE = "finetune"


class StagedComposer(Composer):
    """normalise(image + text) while the encoder is fine-tuned, another composer afterwards.

    A buffer says which of the two it is, so that a checkpoint from fine-tuning is evaluated with the composition that
    it was trained with, even after loading it; only then is the buffer read, since reading it waits for the GPU.
    ``inner`` is the composer of the later stages.
    """

    summing: Tensor

    def __init__(self, inner: Composer) -> None:
        super().__init__()
        self.inner = inner
        self.factorises = inner.factorises
        self.uses_gallery = inner.uses_gallery
        self.register_buffer("summing", torch.tensor(False))
        self._sums = False
        self.register_load_state_dict_post_hook(_read_summing)  # type: ignore[no-untyped-call]

    def use_sum(self, yes: bool) -> None:
        """Compose by the sum from now on, or by the inner composer."""
        self.summing.fill_(yes)
        self._sums = yes

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The queries of B reference images and texts."""
        if self._sums:
            return Embedding.single(F.normalize(reference.need_pooled() + text.need_pooled(), dim=-1))
        return self.inner.compose(reference, text)

    def embed_target(self, image: Features) -> Embedding:
        """The candidates; for the sum, their pooled features."""
        return super().embed_target(image) if self._sums else self.inner.embed_target(image)

    def refine(self, query: Embedding, gallery: GalleryView) -> Embedding:
        """The queries, changed according to the gallery; the sum does not use it."""
        return query if self._sums else self.inner.refine(query, gallery)

    def score(self, query: Embedding, target: Embedding) -> Tensor:
        """Scores ``[B, N]``."""
        return super().score(query, target) if self._sums else self.inner.score(query, target)

    @property
    def explains(self) -> bool:
        """Whether the inner composer does; a sum has nothing to show."""
        return not self._sums and self.inner.explains

    def explain(self, reference: Features, text: Features, gallery: GalleryView | None) -> Sequence[Explanation]:
        """The inner composer's; a sum has nothing to show."""
        return () if self._sums else self.inner.explain(reference, text, gallery)


def _read_summing(composer: StagedComposer, keys: object) -> None:
    composer._sums = bool(composer.summing)


class FinetuneMethod(StandardMethod):
    """A method with CLIP4Cir's first stage before its own (Baldrati et al., CVPRW 2022; SADN, ACM MM 2024).

    The stage ``finetune`` (left out if ``params.finetune`` is None) trains the encoder alone, with query =
    normalise(image + text) and ``losses``. The second stage trains the method with :meth:`main_steps`. Constructed as
    a `StandardMethod`, with the composer of the second stage.
    """

    params: FinetuneParams
    composer: StagedComposer
    main_stage: str = "training"
    """Name of the second stage."""

    def __init__(
        self,
        params: FinetuneParams,
        composer: Composer,
        losses: Mapping[str, Loss],
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(params, StagedComposer(composer), losses, weights)

    def stages(self) -> Sequence[TrainStage]:
        """``finetune``, if asked for, then the main stage."""
        first = (TrainStage(FINETUNE, self.params.finetune),) if self.params.finetune else ()
        return (*first, TrainStage(self.main_stage, self.params.training))

    def optimisers(self, stage: TrainStage, encoders: Mapping[str, Encoder]) -> Sequence[Optimiser]:
        """In ``finetune`` the encoder's parameters alone, because the composer has no part in that stage."""
        optimisers = super().optimisers(stage, encoders)
        if stage.name != FINETUNE:
            return optimisers
        own = {id(parameter) for parameter in self.parameters()}
        return [
            Optimiser(one.name, [group for group in one.groups if not own.issuperset(map(id, group.parameters))])
            for one in optimisers
        ]

    def training_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """One step on the sum in ``finetune``; :meth:`main_steps` afterwards."""
        finetuning = stage.name == FINETUNE
        self.composer.use_sum(finetuning)
        if not finetuning:
            yield from self.main_steps(batch, stage)
            return
        if self.params.finetune_encoders == "text":
            batch = replace(batch, reference=_detached(batch.reference), target=_detached(batch.target))
        yield from super().training_steps(batch, stage)

    def main_steps(self, batch: TrainBatch, stage: TrainStage) -> Iterator[TrainStep]:
        """The steps of the second stage; by default those of `StandardMethod`."""
        yield from super().training_steps(batch, stage)


def _detached(image: Features) -> Features:
    """Image features without gradient, so that the image encoder is not trained."""
    return Features(pooled=image.need_pooled().detach())
