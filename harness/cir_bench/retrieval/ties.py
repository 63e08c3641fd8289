"""Counting, for each target, the candidates that are better and those that tie, in one weak order per query.

Scores that should be equal differ in their last bits: a matrix product rounds differently with its shape, so two copies
of one image can score differently in two chunks. Scores within a tolerance therefore tie. This is not transitive, so
the order is built from the targets: the best target opens a group that reaches ``tolerance`` up and down from its
score; the best target below that group opens the next, which starts where the group above it ends. The groups are
disjoint intervals, every candidate is above, in or below each of them, and a tie never helps: a candidate that is near
two targets counts as better than the lower one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cir_bench.retrieval.blocks import ScoreBlock
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.queries import offsets_of, owners_of

TOLERANCE = 1e-6
"""Scores s, t tie when |s - t| ≤ TOLERANCE · max(1, |s|). A float32 dot product of unit vectors errs by about 1e-7."""


@dataclass(frozen=True)
class TieGroups:
    """The intervals ``[low, high]`` of the G tie groups of Q queries, best first.

    Query q's groups are ``offsets[q] : offsets[q + 1]``; ``member`` ``[T]`` is the group of each target, `NEVER` for a
    missing one.
    """

    offsets: NDArray[np.int64]
    low: NDArray[np.floating[Any]]
    high: NDArray[np.floating[Any]]
    member: NDArray[np.int64]

    @classmethod
    def around(
        cls, scores: NDArray[np.floating[Any]], missing: NDArray[np.bool_], offsets: NDArray[np.int64], tolerance: float
    ) -> TieGroups:
        """The groups around target scores ``[T]``; ``offsets`` ``[Q + 1]`` says which query a target belongs to."""
        query, n_queries = owners_of(offsets), len(offsets) - 1
        found = np.flatnonzero(~missing)
        order = found[np.lexsort((-scores[found], query[found]))]
        score, owner = scores[order], query[order]
        reach = (tolerance * np.maximum(1, np.abs(score))).astype(score.dtype)
        per_query = np.bincount(owner, minlength=n_queries)
        place = np.arange(len(order)) - np.repeat(offsets_of(per_query)[:-1], per_query)
        opens = np.zeros(len(order), dtype=bool)
        high = score + reach
        floor = np.full(n_queries, np.inf, dtype=score.dtype)  # the low end of each query's last group
        by_place = np.argsort(place, kind="stable")
        for now in np.split(by_place, np.cumsum(np.bincount(place))[:-1]):  # the best targets, the second best, …
            new = now[score[now] < floor[owner[now]]]
            opens[new] = True
            high[new] = np.minimum(high[new], np.nextafter(floor[owner[new]], score.dtype.type(-np.inf)))
            floor[owner[new]] = score[new] - reach[new]
        member = np.full(len(scores), NEVER, dtype=np.int64)
        member[order] = np.cumsum(opens) - 1
        group_offsets = offsets_of(np.bincount(owner[opens], minlength=n_queries))
        return cls(group_offsets, (score - reach)[opens], high[opens], member)

    @property
    def per_query(self) -> NDArray[np.int64]:
        """``[Q]`` number of groups of each query."""
        return np.diff(self.offsets)


class CandidateCounts:
    """Counts the candidates above and in each tie group, block by block; targets' own cells must be masked.

    Targets are placed by their group, never compared again, so a scorer that rounds differently from one call to the
    next cannot rank a target next to itself.
    """

    def __init__(self, groups: TieGroups, device: torch.device) -> None:
        self._groups = groups
        self._low = torch.from_numpy(groups.low).to(device)
        self._high = torch.from_numpy(groups.high).to(device)
        self._above = torch.zeros(len(groups.low), dtype=torch.int64, device=device)
        self._reached = torch.zeros_like(self._above)

    def update(self, block: ScoreBlock) -> None:
        """Add the candidates of ``block`` ``[Q, n]``; masked cells do not count."""
        first, count = self._groups.offsets[:-1], self._groups.per_query
        for number in range(int(count.max(initial=0))):
            rows = np.flatnonzero(count > number)
            chosen = slice(None) if len(rows) == len(block) else torch.from_numpy(rows).to(block.tiles.device)
            group = torch.from_numpy(first[rows] + number).to(block.tiles.device)
            low, high = self._low[group, None], self._high[group, None]
            scratch = block.tiles.new_empty(len(rows), block.tiles.shape[2])
            for tile in block:
                part = tile[chosen]
                # comparing into floats and adding them is several times as fast as counting booleans
                self._above[group] += torch.gt(part, high, out=scratch).sum(dim=1).long()
                self._reached[group] += torch.ge(part, low, out=scratch).sum(dim=1).long()

    @staticmethod
    def add_up(parts: Sequence[CandidateCounts], summed: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> None:
        """Make ``parts``, which have counted a share of the gallery, count all of it; ``summed`` adds up the shares."""
        empty = np.zeros((2, 0), dtype=np.int64)
        shares = [np.stack([part._above.cpu().numpy(), part._reached.cpu().numpy()]) for part in parts]
        total = summed(np.concatenate([empty, *shares], axis=1))
        for part, share in zip(
            parts, np.split(total, np.cumsum([one.shape[1] for one in shares]), axis=1), strict=False
        ):
            device = part._above.device
            part._above, part._reached = (torch.from_numpy(row.copy()).to(device) for row in share)

    def ranks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """``better`` and ``tied`` ``[T]`` of every target, as in `Ranking`."""
        groups, above, reached = self._groups, self._above.cpu().numpy(), self._reached.cpu().numpy()
        member = groups.member
        found = member != NEVER
        hits = np.bincount(member[found], minlength=len(above))
        through = np.cumsum(hits)
        before_query = np.append(0, through)[groups.offsets[:-1]]
        targets_above = through - hits - np.repeat(before_query, groups.per_query)
        better = np.full(len(member), NEVER, dtype=np.int64)
        better[found] = (above + targets_above)[member[found]]
        tied = np.zeros(len(member), dtype=np.int64)
        tied[found] = (reached - above + hits - 1)[member[found]]
        return better, tied
