"""The running top-k of a search, in a total order: score descending, then a given order of the gallery."""

from __future__ import annotations

import torch
from torch import Tensor

from cir_bench.retrieval.blocks import MASKED

NO_ROW = -1


class RunningTopK:
    """The k best candidates so far of each of Q queries, merged block by block.

    Args:
        n_queries: Q.
        k: how many to keep.
        order: ``[N]`` int64, the place of each gallery row among candidates of equal score (lowest first).

    Attributes:
        scores: ``[Q, k]`` best first, `MASKED` behind the end of a list shorter than k.
        rows: ``[Q, k]`` gallery rows, `NO_ROW` behind the end.
    """

    def __init__(self, n_queries: int, k: int, order: Tensor, dtype: torch.dtype = torch.float32) -> None:
        self._order = order
        self.scores = torch.full((n_queries, k), MASKED, dtype=dtype, device=order.device)
        self.rows = torch.full((n_queries, k), NO_ROW, dtype=torch.int64, device=order.device)

    @property
    def n_gallery(self) -> int:
        """N, the number of gallery rows."""
        return len(self._order)

    def update(self, block: Tensor, queries: slice, first_row: int) -> None:
        """Merge the scores ``[q, n]`` of ``queries`` against gallery rows ``first_row``, …, ``first_row + n - 1``."""
        if self.scores.dtype != block.dtype:
            self.scores = self.scores.to(block.dtype)
        scores, rows = self._best_of(block, first_row)
        scores = torch.cat([self.scores[queries], scores], dim=1)
        rows = torch.cat([self.rows[queries], rows], dim=1)
        # two stable sorts, the second key first, make one lexicographic sort
        places = torch.where(rows == NO_ROW, len(self._order), self._order[rows.clamp(min=0)])
        by_place = places.argsort(dim=1, stable=True)
        by_score = scores.gather(1, by_place).argsort(dim=1, descending=True, stable=True)
        best = by_place.gather(1, by_score)[:, : self.scores.shape[1]]
        self.scores[queries] = scores.gather(1, best)
        self.rows[queries] = rows.gather(1, best)

    def _best_of(self, block: Tensor, first_row: int) -> tuple[Tensor, Tensor]:
        """The block's own k best (all when n ≤ k), as a set; one more is looked at to see a tie at the boundary."""
        k = self.scores.shape[1]
        scores, columns = block.topk(min(k + 1, block.shape[1]), dim=1)
        if scores.shape[1] > k:
            last = scores[:, k - 1]
            undecided = (scores[:, k] == last) & (last != MASKED)
            scores, columns = scores[:, :k], columns[:, :k]
            for row in undecided.nonzero().flatten().tolist():
                tied = (block[row] == last[row]).nonzero().flatten()
                wanted = int((scores[row] == last[row]).sum())
                first = self._order[first_row + tied].topk(wanted, largest=False).indices
                columns[row, k - wanted :] = tied[first]
        return scores, torch.where(scores == MASKED, NO_ROW, columns + first_row)
