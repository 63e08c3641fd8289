"""The k best candidates of some queries, block by block, in a total order: score descending, then gallery order.

A block's best are found by groups of columns. The k-th highest of the groups' maxima is a floor that at least k scores
reach, so that whatever is below it is out; few groups reach it, and only their cells are looked at. A list that is full
already has such a floor, its last score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.retrieval.blocks import MASKED, Block

NO_ROW = -1
DENSE = 8
"""Groups of fewer columns than this are not gone through; all cells are looked at."""
CROWD = 4
"""A query with more than so many times k groups at its floor has many equal scores, and is worked on alone."""


class RunningTopK:
    """The k best candidates so far of each of q queries.

    Args:
        n_queries: q.
        k: how many to keep.
        order: gives ``[N]`` int64, the place of each gallery row among candidates of equal score (lowest first); called
            when there are equal scores.
        device: where the blocks lie.

    Attributes:
        scores: ``[q, k]`` best first, `MASKED` behind the end of a list shorter than k.
        rows: ``[q, k]`` gallery rows, `NO_ROW` behind the end.
    """

    def __init__(self, n_queries: int, k: int, order: Callable[[], Tensor], device: torch.device | str = "cpu") -> None:
        self._k, self._order = k, order
        self.scores = torch.full((n_queries, k), MASKED, device=device)
        self.rows = torch.full((n_queries, k), NO_ROW, dtype=torch.int64, device=device)

    def update(self, block: Block, first_row: int) -> None:
        """Merge the scores ``[q, n]`` of gallery rows ``first_row``, …, ``first_row + n - 1``."""
        if self.scores.dtype != block.tiles.dtype:
            self.scores = self.scores.to(block.tiles.dtype)
        cells = _candidates(block, self._k, self.scores[:, -1])
        if cells.crowded:
            cells = self._with_crowded(cells, block, first_row)
        kept = self._k if bool((self.scores[:, :1] != MASKED).any()) else 0
        count = torch.bincount(cells.query, minlength=len(block))
        width = max(self._k, kept + int(count.max())) if len(count) else self._k
        scores = self.scores.new_full((len(block), width), MASKED)
        rows = self.rows.new_full((len(block), width), NO_ROW)
        scores[:, :kept], rows[:, :kept] = self.scores[:, :kept], self.rows[:, :kept]
        place = kept + torch.arange(len(cells.query), device=count.device) - (count.cumsum(0) - count)[cells.query]
        scores[cells.query, place], rows[cells.query, place] = cells.score, cells.column + first_row
        self.scores, self.rows = self._best(scores, rows)

    def _best(self, scores: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The k best entries of each line, in order."""
        k = self._k
        best, at = scores.topk(min(k + 1, scores.shape[1]), dim=1)
        equal = ((best[:, 1:] == best[:, :-1]) & (best[:, 1:] != MASKED)).any(dim=1).nonzero().flatten()
        best, found = best[:, :k], rows.gather(1, at[:, :k])
        if len(equal):
            # two stable sorts, the second key first, make one lexicographic sort
            order, scores, rows = self._order(), scores[equal], rows[equal]
            by_place = torch.where(rows == NO_ROW, len(order), order[rows.clamp(min=0)]).argsort(dim=1, stable=True)
            by_score = scores.gather(1, by_place).argsort(dim=1, descending=True, stable=True)
            first = by_place.gather(1, by_score)[:, :k]
            best[equal], found[equal] = scores.gather(1, first), rows.gather(1, first)
        return best, found

    def _with_crowded(self, cells: _Cells, block: Block, first_row: int) -> _Cells:
        """The k best of each crowded query beside the others' candidates, query by query."""
        query, column, score = [cells.query], [cells.column], [cells.score]
        for row in cells.crowded:
            scores = block.row(row)
            best = self._best_columns(scores, first_row)
            query, column, score = [*query, torch.full_like(best, row)], [*column, best], [*score, scores[best]]
        in_order = torch.cat(query).argsort(stable=True)
        return _Cells(torch.cat(query)[in_order], torch.cat(column)[in_order], torch.cat(score)[in_order])

    def _best_columns(self, scores: Tensor, first_row: int) -> Tensor:
        """The columns of the k best of one query's scores ``[n]``."""
        last = scores.topk(self._k).values[-1]
        above, tied = (scores > last).nonzero().flatten(), (scores == last).nonzero().flatten()
        first = self._order()[first_row + tied].topk(self._k - len(above), largest=False).indices
        return torch.cat([above, tied[first]])


@dataclass(frozen=True)
class _Cells:
    """Cells of a block among which every query's k best are, query by query.

    Attributes:
        query: ``[m]`` row in the block.
        column: ``[m]`` column in the block.
        score: ``[m]``.
        crowded: rows that have too many such cells; theirs are not in the above.
    """

    query: Tensor
    column: Tensor
    score: Tensor
    crowded: tuple[int, ...] = ()


def _candidates(block: Block, k: int, floor: Tensor) -> _Cells:
    """The cells of ``block`` that lists of k must look at.

    Args:
        block: of q queries.
        k: how many are wanted.
        floor: ``[q]`` what a score must reach to be wanted; `MASKED` where that is not known yet.
    """
    tiles, q, width = block.tiles.shape
    slots = block.maxima.shape[2]
    maxima = block.maxima.transpose(0, 1).reshape(q, tiles * slots)
    if maxima.shape[1] > k and bool((floor == MASKED).any()):
        floor = torch.maximum(floor, _kth_highest(maxima, k))
    floor = floor.clamp(min=torch.finfo(floor.dtype).min)  # what is masked is no candidate
    if width < DENSE * slots and floor.device.type == "cpu":
        return _reaching(block, floor, CROWD * k)
    query, slot = (maxima >= floor[:, None]).nonzero().unbind(1)
    crowded = torch.bincount(query, minlength=q) > CROWD * k
    if bool(crowded.any()):
        calm = ~crowded[query]
        query, slot = query[calm], slot[calm]
    tile, slot = slot // slots, slot % slots
    members = torch.arange(0, width, slots, device=floor.device)
    scores = block.tiles.view(-1).take(((tile * q + query) * width + slot)[:, None] + members)
    at = (scores >= floor[query][:, None]).view(-1).nonzero().flatten()
    hit = at // len(members)
    column = tile[hit] * width + slot[hit] + members[at % len(members)]
    return _Cells(query[hit], column, scores.view(-1)[at], tuple(crowded.nonzero().flatten().tolist()))


def _reaching(block: Block, floor: Tensor, most: int) -> _Cells:
    """The cells that reach their query's floor, all of the block looked at in one go, on the CPU.

    Where groups are small, so that many of them hold such a cell, this is faster than going through the groups.
    """
    tiles, q, width = block.tiles.shape
    scores = block.tiles.numpy()
    there = np.empty((q, tiles, width), dtype=bool)  # query by query; a tile's columns follow those of the one before
    np.greater_equal(scores.transpose(1, 0, 2), floor.numpy()[:, None, None], out=there)
    crowded = np.flatnonzero(np.add.reduce(there.reshape(q, -1), axis=1, dtype=np.int64) > most)
    there[crowded] = False  # before their cells are listed, which would take many times the block's memory
    query, column = np.divmod(np.flatnonzero(there), tiles * width)
    tile, place = np.divmod(column, width)
    found = scores.reshape(-1)[(tile * q + query) * width + place]
    return _Cells(torch.from_numpy(query), torch.from_numpy(column), torch.from_numpy(found), tuple(crowded.tolist()))


def _kth_highest(values: Tensor, k: int) -> Tensor:
    """``[q]`` the k-th highest of each line of ``[q, m]``, m > k."""
    if values.device.type == "cpu":  # several times as fast as torch's
        place = values.shape[1] - k
        return torch.from_numpy(np.partition(values.numpy(), place, axis=1)[:, place].copy())
    return values.topk(k, dim=1, sorted=False).values.amin(dim=1)


def known(scores: Tensor, rows: Tensor) -> NDArray[np.float32]:
    """``[Q, k]`` scores as a `Ranking` has them: NaN behind the end of a list."""
    return np.where(rows.cpu().numpy() != NO_ROW, scores.float().cpu().numpy(), np.float32(np.nan))
