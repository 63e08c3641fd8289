"""The best candidates of a ranking in the order of a second stage's scores; all others stay where they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.errors import ConfigError
from cir_bench.retrieval.groups import NEVER
from cir_bench.retrieval.index import rows_by_id
from cir_bench.retrieval.passes import Places
from cir_bench.retrieval.queries import owners_of
from cir_bench.retrieval.ranking import TOP_K, Ranking
from cir_bench.retrieval.scorer import RowSet
from cir_bench.retrieval.subsets import padded_rows, rank_members
from cir_bench.retrieval.ties import TOLERANCE


@dataclass(frozen=True)
class Shortlists:
    """The candidates of each query of ``first`` that are rescored, best first, at most k; W in the longest list.

    Candidates that tie with the first one left out are left out, too: which of them are rescored would otherwise be
    decided by their names.
    """

    first: Ranking
    ids: tuple[tuple[str, ...], ...]
    scores: NDArray[np.float32]
    """``[Q, W]`` their scores in ``first``, 0 after the end of a list."""

    @classmethod
    def of(cls, first: Ranking, k: int, tolerance: float = TOLERANCE) -> Shortlists:
        """The k best candidates of each query; ``first`` must know the k + 1 best with their scores, `ConfigError`."""
        if first.top_scores is None or (first.top_k <= k and (first.n_candidates > first.top_k).any()):
            raise ConfigError(
                f"Rescoring {k} candidates takes a ranking that keeps the best {k + 1} with their scores."
            )
        listed = np.isfinite(first.top_scores)
        # the score from which on candidates are left out
        cut = first.top_scores[:, k].astype(np.float64) if first.top_k > k else np.full(len(first), np.nan)
        cut = np.where(np.isnan(cut), -np.inf, cut + tolerance * np.maximum(1, np.abs(cut)))
        kept = listed[:, :k] & (first.top_scores[:, :k] > cut[:, None])
        lengths = kept.sum(axis=1)
        ids = tuple(top[:length] for top, length in zip(first.top_ids, lengths.tolist(), strict=True))
        width = int(lengths.max(initial=1))
        return cls(first, ids, np.where(kept, first.top_scores[:, :k], np.float32(0))[:, :width])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``[Q]`` how many candidates of each query are rescored."""
        return np.array([len(images) for images in self.ids], dtype=np.int64)

    def ranking(
        self,
        rescored: NDArray[np.float32],
        gallery_ids: Sequence[str],
        *,
        top_k: int = TOP_K,
        device: torch.device | str = "cpu",
    ) -> Ranking:
        """The candidates in the order of ``rescored`` ``[Q, W]``, then all others in the order of the first ranking.

        Ties among rescored candidates are those of their new scores. The scores of the others are moved below those of
        the rescored ones by one number for each query, so their differences stay. `RunError` naming query and image if
        a score is NaN or infinite.
        """
        first = self.first
        order = [sorted(range(len(images)), key=images.__getitem__) for images in self.ids]
        members = [[images[place] for place in own] for images, own in zip(self.ids, order, strict=True)]
        table = np.zeros_like(rescored)
        for query, own in enumerate(order):
            table[query, : len(own)] = rescored[query, own]
        scores = torch.from_numpy(table).to(device)

        def score_members(query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
            return scores[query_rows][:, gallery_rows]

        padded = padded_rows(members, rows_by_id(gallery_ids))
        places = rank_members(
            score_members, first.queries, gallery_ids, members, padded, top_k=padded.shape[1], device=device
        )
        better, tied = self._ranks(places)
        top_ids, top_scores = self._best(places, gallery_ids, top_k)
        return Ranking(
            first.queries, first.n_gallery, first.n_candidates, better, tied, top_ids, top_scores, top_k, searched=True
        )

    def _ranks(self, places: Places) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """``better`` and ``tied`` of every relevant image; rescored candidates are better than all others."""
        first = self.first
        queries = first.queries
        lists = [frozenset(images) for images in self.ids]
        inside = np.array(
            [image in own for own, images in zip(lists, queries.relevant, strict=True) for image in images], dtype=bool
        )
        length = self.lengths[owners_of(queries.relevant_offsets)]
        # those of the list that were not better tied with the image
        passed = np.where(first.better == NEVER, 0, np.maximum(0, length - first.better))
        better = np.where(inside, places.better, first.better + passed)
        return better, np.where(inside, places.tied, np.maximum(0, first.tied - passed))

    def _best(
        self, places: Places, gallery_ids: Sequence[str], top_k: int
    ) -> tuple[list[tuple[str, ...]], NDArray[np.float32]]:
        """The best ``top_k`` candidates of each query and their scores."""
        first = self.first
        assert first.top_scores is not None
        rows, scores = places.rows.cpu().numpy(), places.scores.float().cpu().numpy()
        found = np.full((len(first), top_k), np.nan, dtype=np.float32)
        top_ids = []
        for query, (images, length) in enumerate(zip(first.top_ids, self.lengths.tolist(), strict=True)):
            own = [gallery_ids[row] for row in rows[query, :length].tolist()]
            top = (*own, *images[length:])[:top_k]
            below = first.top_scores[query, length : len(images)].astype(np.float64)
            if length and len(below):
                floor = float(scores[query, length - 1])
                below = np.minimum(below - below[0] + floor - 2 * TOLERANCE * max(1, abs(floor)), floor)
            joined = np.concatenate([scores[query, :length], below.astype(np.float32)])
            found[query, : len(top)] = joined[: len(top)]
            top_ids.append(top)
        return top_ids, found
