"""The k best candidates of some queries, block by block, in a total order: score descending, then gallery order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from cir_bench.retrieval.blocks import MASKED, ScoreBlock
from cir_bench.retrieval.candidates import ScoreCells, candidates
from cir_bench.retrieval.primitives import array, descending, tensor

NO_ROW = -1


class RunningTopK:
    """The k best candidates so far of each of q queries: ``scores`` and gallery ``rows`` ``[q, k]``, best first.

    A shorter list ends with `MASKED` and `NO_ROW`. ``order`` gives ``[N]`` int64, the place of each gallery row among
    candidates of equal score (lowest first); it is called only if there are equal scores.
    """

    def __init__(self, n_queries: int, k: int, order: Callable[[], Tensor], device: torch.device | str = "cpu") -> None:
        self.k, self._order = k, order
        self.scores = torch.full((n_queries, k), MASKED, device=device)
        self.rows = torch.full((n_queries, k), NO_ROW, dtype=torch.int64, device=device)

    @classmethod
    def of(cls, parts: Sequence[RunningTopK]) -> RunningTopK:
        """The lists of all queries of one or more parts, in order."""
        found = cls(0, parts[0].k, parts[0]._order)
        found.scores, found.rows = torch.cat([part.scores for part in parts]), torch.cat([part.rows for part in parts])
        return found

    def replace(self, scores: Tensor, rows: Tensor) -> None:
        """Keep the k best of other candidates ``[q, n]``, n ≥ k, instead of those so far."""
        self.scores, self.rows = self._best(scores, rows)

    def update(self, block: ScoreBlock, first_row: int) -> None:
        """Merge the scores ``[q, n]`` of gallery rows ``first_row``, …, ``first_row + n - 1``."""
        if self.scores.dtype != block.tiles.dtype:
            self.scores = self.scores.to(block.tiles.dtype)
        cells = candidates(block, self.k, self.scores[:, -1])
        if cells.crowded:
            cells = self._with_crowded(cells, block, first_row)
        kept = self.k if bool((self.scores[:, :1] != MASKED).any()) else 0
        count = torch.bincount(cells.query, minlength=len(block))
        width = max(self.k, kept + int(count.max())) if len(count) else self.k
        scores = self.scores.new_full((len(block), width), MASKED)
        rows = self.rows.new_full((len(block), width), NO_ROW)
        scores[:, :kept], rows[:, :kept] = self.scores[:, :kept], self.rows[:, :kept]
        # a query's cells are adjacent, and are appended to its list
        first = torch.arange(len(count), device=count.device) * width + kept - (count.cumsum(0) - count)
        place = torch.arange(len(cells.query), device=count.device) + first[cells.query]
        scores.view(-1).scatter_(0, place, cells.score)
        rows.view(-1).scatter_(0, place, cells.column + first_row)
        self.scores, self.rows = self._best(scores, rows)

    def _best(self, scores: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The k best entries of each line, in order."""
        k = self.k
        at = tensor(descending(array(scores)))[:, : k + 1]
        best = scores.gather(1, at)
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

    def _with_crowded(self, cells: ScoreCells, block: ScoreBlock, first_row: int) -> ScoreCells:
        """The k best of each crowded query together with the others' candidates, query by query."""
        query, column, score = [cells.query], [cells.column], [cells.score]
        for row in cells.crowded:
            scores = block.row(row)
            best = self._best_columns(scores, first_row)
            query, column, score = [*query, torch.full_like(best, row)], [*column, best], [*score, scores[best]]
        in_order = torch.cat(query).argsort(stable=True)
        return ScoreCells(torch.cat(query)[in_order], torch.cat(column)[in_order], torch.cat(score)[in_order])

    def _best_columns(self, scores: Tensor, first_row: int) -> Tensor:
        """The columns of the k best of one query's scores ``[n]``."""
        last = scores.topk(self.k).values[-1]
        above, tied = (scores > last).nonzero().flatten(), (scores == last).nonzero().flatten()
        first = self._order()[first_row + tied].topk(self.k - len(above), largest=False).indices
        return torch.cat([above, tied[first]])
