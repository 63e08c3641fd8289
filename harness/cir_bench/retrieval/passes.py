"""The ranks of all relevant images and the best candidates, block by block, each span of queries on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.retrieval.blocks import BlockReader
from cir_bench.retrieval.chunks import BUDGET_BYTES, ChunkPlan, plan_chunks, spans, tile_scores_on
from cir_bench.retrieval.index import MISSING, RowIndex, RowLists
from cir_bench.retrieval.queries import QuerySet
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import ScoreChunk
from cir_bench.retrieval.shards import Shard
from cir_bench.retrieval.ties import TOLERANCE, CandidateCounts, TieGroups
from cir_bench.retrieval.topk import NO_ROW, RunningTopK
from cir_bench.retrieval.workers import workers

TARGETS_AT_ONCE = 128
"""The targets of so many queries are scored together: few pairs in vain, and still a matrix product."""


class NamedRows(Sequence[tuple[str, ...]]):
    """Q tuples of ``ids``, kept as gallery rows ``[Q, k]``, negative after the end of a list.

    Metrics never look at them, and building them takes a while.
    """

    def __init__(self, rows: NDArray[np.int64], ids: Sequence[str]) -> None:
        self._rows, self._ids = rows, ids

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[str, ...], ...]: ...
    def __getitem__(self, place: int | slice) -> tuple[str, ...] | tuple[tuple[str, ...], ...]:
        if isinstance(place, slice):
            return tuple(NamedRows(self._rows[place], self._ids))
        return tuple(self._ids[row] for row in self._rows[place].tolist() if row >= 0)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return (tuple([self._ids[row] for row in rows if row >= 0]) for rows in self._rows.tolist())

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True)
class Places:
    """The search result of Q queries with J relevant images: ``better`` and ``tied`` ``[J]`` as in `Ranking`.

    ``scores`` and gallery ``rows`` (int64) ``[Q, top_k]`` are best first, -inf and -1 after the end of a list.
    """

    better: NDArray[np.int64]
    tied: NDArray[np.int64]
    scores: Tensor
    rows: Tensor

    def ranking(self, queries: QuerySet, gallery_ids: Sequence[str], n_candidates: NDArray[np.int64]) -> Ranking:
        """The result as a `Ranking`; `RunError` if a score of float64 is too large for float32."""
        rows = self.rows.cpu().numpy()
        in_list = rows != NO_ROW
        scores = self.scores.float().cpu().numpy()
        if not np.isfinite(scores[in_list]).all():
            most = float(self.scores.abs()[self.scores.isfinite()].max())
            raise RunError(f"A score is {most}, more than a 32-bit float can keep (3.4e38); scale the scores down.")
        best = NamedRows(rows, tuple(gallery_ids)), np.where(in_list, scores, np.float32(np.nan)), rows.shape[1]
        return Ranking(queries, len(gallery_ids), n_candidates, self.better, self.tied, *best, searched=True)


def find_places(
    score_chunk: ScoreChunk,
    index: RowIndex,
    n_gallery: int,
    top_k: int,
    order: Callable[[], Tensor],
    describe: Callable[[int, int], str],
    *,
    tolerance: float = TOLERANCE,
    budget_bytes: int = BUDGET_BYTES,
    chunks: ChunkPlan | None = None,
    device: torch.device | str = "cpu",
    shard: Shard | None = None,
) -> Places:
    """Search ``n_gallery`` rows for every query of ``index``, keeping the ``top_k`` best.

    ``order`` gives ``[N]``, the place of each row among candidates of equal score, and is called only if there are
    some; ``describe`` names a pair (query row, gallery row) for errors. The other arguments are those of `search`.
    With a ``shard``, ``score_chunk`` has its rows alone, and every rank gets the result of the whole gallery.
    """
    device = torch.device(device)
    if shard is not None:
        score_chunk = shard.own_scorer(score_chunk)
    rows = slice(0, n_gallery) if shard is None else shard.rows
    targets, offsets = index.targets, index.targets.offsets
    n_queries = len(offsets) - 1
    thread_safe = device.type == "cpu" and getattr(score_chunk, "thread_safe", False)
    threads = torch.get_num_threads() if thread_safe else 0  # 0: threads are left to the scorer
    plan = chunks or plan_chunks(
        -(-n_queries // max(1, threads)),
        rows.stop - rows.start,
        budget_bytes,
        int(getattr(score_chunk, "query_bytes", 0)),
        int(getattr(score_chunk, "gallery_bytes", 0)),
        tile_scores_on(device.type),
        top_k,
    )
    reader = BlockReader(score_chunk, describe, device)
    scores: NDArray[np.floating[Any]] | None = None
    if shard is not None:
        scores = shard.summed(_target_scores(reader, targets, slice(0, n_queries), plan, shard.rows))
    search = _SpanSearch(reader, index, rows, plan, tolerance, device, scores)

    def count(span: slice) -> tuple[RunningTopK, CandidateCounts]:
        top = RunningTopK(span.stop - span.start, top_k, order, device)
        return top, search.counts(span, top)

    with workers(threads) as mapped:
        found = list(mapped(count, spans(n_queries, plan.queries)))
    top = RunningTopK.of([top for top, _ in found] or [RunningTopK(0, top_k, order, device)])
    counts = [counts for _, counts in found]
    if shard is not None:
        CandidateCounts.add_up(counts, shard.summed)
        top.replace(shard.joined(top.scores), shard.joined(top.rows))
    better, tied = np.empty_like(targets.rows), np.empty_like(targets.rows)
    for span, one in zip(spans(n_queries, plan.queries), counts, strict=True):
        own = slice(int(offsets[span.start]), int(offsets[span.stop]))
        better[own], tied[own] = one.ranks()
    return Places(better, tied, top.scores, top.rows)


@dataclass(frozen=True)
class _SpanSearch:
    """Searches the gallery for one span of queries at a time."""

    reader: BlockReader
    index: RowIndex
    gallery: slice
    plan: ChunkPlan
    tolerance: float
    device: torch.device
    scores: NDArray[np.floating[Any]] | None = None
    """Of all targets, where they are known."""

    def counts(self, span: slice, top: RunningTopK) -> CandidateCounts:
        """Count the candidates above and in the tie groups of the queries' targets, and update ``top``.

        Where a block holds whole rows, the targets' scores are read from the very block in which candidates are
        counted; otherwise they are scored first, by themselves, and every block is then compared with them.
        """
        targets = self.index.targets
        first, last = int(targets.offsets[span.start]), int(targets.offsets[span.stop])
        counts: CandidateCounts | None = None
        if self.scores is not None:
            counts = self._grouped(span, self.scores[first:last])
        elif self.plan.gallery < self.gallery.stop - self.gallery.start:
            counts = self._grouped(span, _target_scores(self.reader, targets, span, self.plan, self.gallery))
        for columns in spans(self.gallery.stop, self.plan.gallery, self.gallery.start):
            _, *excluded = self.index.excluded.cells(span, columns)
            block = self.reader.read(span, columns, top.k, excluded)
            top.update(block, columns.start)
            flat, row, column = targets.cells(span, columns)
            if counts is None:
                picked = block.gather(row, column).cpu().numpy()
                scores = np.zeros(last - first, dtype=picked.dtype)
                scores[flat - first] = picked
                counts = self._grouped(span, scores)
            block.mask(row, column)
            counts.update(block)
        return counts or self._grouped(span, np.zeros(last - first, dtype=np.float32))  # for an empty gallery

    def _grouped(self, span: slice, scores: NDArray[np.floating[Any]]) -> CandidateCounts:
        offsets = self.index.targets.offsets[span.start : span.stop + 1]
        missing = self.index.targets.rows[offsets[0] : offsets[-1]] == MISSING
        return CandidateCounts(TieGroups.around(scores, missing, offsets - offsets[0], self.tolerance), self.device)


def _target_scores(
    reader: BlockReader, targets: RowLists, span: slice, plan: ChunkPlan, gallery: slice
) -> NDArray[np.floating[Any]]:
    """The scores of the targets of some queries, a few queries against all of theirs together.

    0 for targets that are missing or outside the rows ``gallery``.
    """
    first, last = int(targets.offsets[span.start]), int(targets.offsets[span.stop])
    scores = np.zeros(last - first, dtype=np.float64)
    for part in spans(span.stop - span.start, TARGETS_AT_ONCE):
        queries = slice(span.start + part.start, span.start + part.stop)
        own = slice(int(targets.offsets[queries.start]), int(targets.offsets[queries.stop]))
        query = np.repeat(np.arange(part.stop - part.start), np.diff(targets.offsets[queries.start : queries.stop + 1]))
        found = np.flatnonzero((targets.rows[own] >= gallery.start) & (targets.rows[own] < gallery.stop))
        rows, place = np.unique(targets.rows[own][found], return_inverse=True)
        for columns in spans(len(rows), plan.gallery):
            here = (place >= columns.start) & (place < columns.stop)
            block = reader.read(queries, torch.from_numpy(rows[columns]))
            picked = block.gather(query[found[here]], place[here] - columns.start)
            scores[own.start - first + found[here]] = picked.cpu().numpy()
    # exact: the scores were of this type
    return scores.astype(np.float64 if reader.dtype == torch.float64 else np.float32)
