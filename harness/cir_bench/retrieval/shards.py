"""A gallery that several ranks search together, each its own rows; what they count adds up exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.ranks.group import Ranks
from cir_bench.retrieval.scorer import RowSet, ScoreChunk


class Shard:
    """This rank's ``rows`` of a gallery of ``n_gallery``; a scorer knows them as 0, 1, …, the search by gallery row.

    All ranks search the same queries and call the same methods in the same order. Every array that they add up has one
    entry from each rank, and integers and the one nonzero score of a pair add up without rounding.
    """

    def __init__(self, ranks: Ranks, n_gallery: int) -> None:
        self._ranks, self.rows = ranks, ranks.share(n_gallery)

    def summed(self, own: NDArray[Any]) -> NDArray[Any]:
        """The sum of every rank's array; all have one shape. The widest of their types is the result's."""
        total: NDArray[Any] = np.sum(self._ranks.exchange(own), axis=0)
        return total

    def joined(self, own: Tensor) -> Tensor:
        """``[Q, ranks * k]``: every rank's ``[Q, k]``, side by side."""
        parts = self._ranks.exchange(own.cpu().numpy())
        return torch.from_numpy(np.concatenate(parts, axis=1)).to(own.device)

    def own_scorer(self, score_chunk: ScoreChunk) -> ScoreChunk:
        """``score_chunk``, asked by gallery row for rows of this shard."""
        return _OwnRows(score_chunk, self.rows.start)

    def whole_scorer(self, score_chunk: ScoreChunk) -> ScoreChunk:
        """A scorer of the whole gallery: each rank scores its own rows among those asked for, and hears the others'.

        The scores of every call are held by every rank, so it is for a few rows at a time, given as a tensor.
        """

        def score(query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
            rows = (
                torch.arange(gallery_rows.start, gallery_rows.stop) if isinstance(gallery_rows, slice) else gallery_rows
            )
            here = ((rows >= self.rows.start) & (rows < self.rows.stop)).nonzero().flatten()
            own = score_chunk(query_rows, rows[here] - self.rows.start)
            scores = own.new_zeros(len(own), len(rows))
            scores[:, here.to(own.device)] = own
            return torch.from_numpy(self.summed(scores.cpu().numpy())).to(own.device)

        return score


class _OwnRows:
    """A scorer whose gallery starts at row ``start``; with the same optional attributes."""

    def __init__(self, score_chunk: ScoreChunk, start: int) -> None:
        self._score_chunk, self._start = score_chunk, start

    def __call__(self, query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        return self._score_chunk(query_rows, self._shifted(gallery_rows))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._score_chunk, name)
        if name != "score_into":
            return found
        return lambda query_rows, gallery_rows, out: found(query_rows, self._shifted(gallery_rows), out)

    def _shifted(self, rows: RowSet) -> RowSet:
        return (
            slice(rows.start - self._start, rows.stop - self._start) if isinstance(rows, slice) else rows - self._start
        )
