"""Where a query's neighbours come from in training, other than the batch as it is."""

from __future__ import annotations

import torch
from torch import Tensor

from cir_bench import BatchGallery, Composer, Embedding, TopK, TrainGallery, joint_score

BLOCK = 8192
"""Images of the train split that are embedded and compared at once."""


class OtherTargets:
    """The batch's targets, of which none is an own one of the query that looks for neighbours.

    Args:
        targets: the B targets.
        same_target: ``[B, B]`` as in `TrainBatch`.
    """

    def __init__(self, targets: Embedding, same_target: Tensor) -> None:
        self._every, self._own = BatchGallery(targets), same_target

    def __len__(self) -> int:
        return len(self._every) - int(self._own.sum(dim=1).amax())

    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best targets of the batch, without the own ones, for each of the B queries."""
        best = self._every.topk(queries, len(self._every))
        own = self._own.gather(1, best.rows)
        return TopK(without(best.rows, own)[:, :k], without(best.scores, own)[:, :k])

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]``, with gradients to the targets."""
        return self._every.take(rows)


class TrainImages:
    """All images of the train split, as the composer embeds them at this step.

    Args:
        composer: embeds them in a single space.
        images: their features.
        own_left_out: whether a query's target is no candidate for it; `topk` is then given the queries of the batch.
    """

    def __init__(self, composer: Composer, images: TrainGallery, *, own_left_out: bool) -> None:
        self._composer, self._images = composer, images
        self._own = images.target if own_left_out else None

    def __len__(self) -> int:
        return len(self._images) - (self._own is not None)

    @torch.no_grad()
    def topk(self, queries: Embedding, k: int) -> TopK:
        """The k best images for each of the B queries, `BLOCK` of them at a time."""
        device, k = queries.main.device, min(k, len(self))
        scores = torch.empty(len(queries), 0, dtype=queries.main.dtype, device=device)
        rows = torch.empty(len(queries), 0, dtype=torch.int64, device=device)
        for start in range(0, len(self._images), BLOCK):
            block = torch.arange(start, min(start + BLOCK, len(self._images)), device=device)
            found = joint_score(queries, self._embedded(block))
            if self._own is not None:
                found = found.masked_fill(block == self._own.to(device)[:, None], -torch.inf)
            scores = torch.cat([scores, found], dim=1)
            rows = torch.cat([rows, block.expand(len(queries), -1)], dim=1)
            scores, best = scores.topk(min(k, scores.shape[1]), dim=1)
            rows = rows.gather(1, best)
        return TopK(rows=rows, scores=scores)

    def _embedded(self, rows: Tensor) -> Embedding:
        """Without dropout; every module keeps its mode."""
        modes = [(module, module.training) for module in self._composer.modules()]
        self._composer.eval()
        embedded = self._composer.embed_target(self._images.features(rows))
        for module, training in modes:
            module.training = training
        return embedded

    def take(self, rows: Tensor) -> Tensor:
        """Vectors ``[B, k, d]``, with gradients to what the composer learns of candidates."""
        images, places = rows.unique(return_inverse=True)  # type: ignore[no-untyped-call]  # torch does not annotate it
        return self._composer.embed_target(self._images.features(images)).main[places]


def without(rows: Tensor, unwanted: Tensor) -> Tensor:
    """The rows ``[B, k]`` in their order without the unwanted ones: as many as every query has left."""
    order = unwanted.int().argsort(dim=1, stable=True)
    return rows.gather(1, order)[:, : rows.shape[1] - int(unwanted.sum(dim=1).amax())]
