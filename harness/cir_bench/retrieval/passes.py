"""The ranks of all targets and the best candidates: block by block, each span of queries on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.retrieval.blocks import Block, BlockReader
from cir_bench.retrieval.chunks import ChunkPlan, spans
from cir_bench.retrieval.index import MISSING, RowIndex, RowLists
from cir_bench.retrieval.ties import CandidateCounts, TieGroups
from cir_bench.retrieval.topk import NO_ROW, RunningTopK
from cir_bench.retrieval.workers import Each

TARGETS_AT_ONCE = 128
"""The targets of so many queries are scored together: few pairs in vain, and still a matrix product."""


@dataclass(frozen=True)
class Places:
    """What is found of Q queries with J relevant images.

    Attributes:
        better: ``[J]``, in the sense of `Ranking`.
        tied: ``[J]``, likewise.
        scores: ``[Q, top_k]`` best first, -inf behind the end of a list.
        rows: ``[Q, top_k]`` gallery rows, -1 behind the end.
    """

    better: NDArray[np.int64]
    tied: NDArray[np.int64]
    scores: Tensor
    rows: Tensor


def find_places(
    reader: BlockReader,
    index: RowIndex,
    n_gallery: int,
    plan: ChunkPlan,
    tolerance: float,
    top_k: int,
    order: Callable[[], Tensor],
    each: Each,
    device: torch.device | str,
) -> Places:
    """Every query against ``n_gallery`` rows.

    Where a block holds whole rows, the targets' scores are read from the very block that is counted; otherwise they
    are scored first, by themselves, and then every block is held against them.
    """
    targets, offsets = index.targets, index.targets.offsets
    n_queries = len(offsets) - 1
    better, tied = np.empty_like(targets.rows), np.empty_like(targets.rows)
    rows = torch.full((n_queries, top_k), NO_ROW, dtype=torch.int64, device=device)
    found: dict[int, Tensor] = {}

    def rank(span: slice) -> None:
        own = slice(int(offsets[span.start]), int(offsets[span.stop]))
        top = RunningTopK(span.stop - span.start, top_k, order, device)
        counts: CandidateCounts | None = None

        def groups_of(scores: NDArray[np.floating[Any]]) -> CandidateCounts:
            there = offsets[span.start : span.stop + 1] - own.start
            groups = TieGroups.around(scores, targets.rows[own] == MISSING, there, tolerance)
            return CandidateCounts(groups, torch.device(device))

        if plan.gallery < n_gallery:
            counts = groups_of(_target_scores(reader, targets, span, plan))
        for columns in spans(n_gallery, plan.gallery):
            block = reader.read_candidates(span, columns, index.excluded, top_k)
            top.update(block, columns.start)
            if counts is None:
                counts = groups_of(_own_scores(block, targets, span, columns))
            block.mask(targets, span, columns)
            counts.update(block)
        if counts is None:  # an empty gallery
            counts = groups_of(np.zeros(own.stop - own.start, dtype=np.float32))
        better[own], tied[own] = counts.ranks()
        found[span.start], rows[span] = top.scores, top.rows

    each(rank, spans(n_queries, plan.queries))
    scores = torch.cat([found[start] for start in sorted(found)]) if found else rows.float()
    return Places(better, tied, scores, rows)


def _own_scores(block: Block, targets: RowLists, span: slice, columns: slice) -> NDArray[np.floating[Any]]:
    """The scores of the targets of some queries (0 for missing ones) out of a block of whole rows."""
    flat, row, column = targets.cells(span, columns)
    picked = _gather(block, row, column)
    first, last = int(targets.offsets[span.start]), int(targets.offsets[span.stop])
    scores = np.zeros(last - first, dtype=picked.dtype)
    scores[flat - first] = picked
    return scores


def _target_scores(reader: BlockReader, targets: RowLists, span: slice, plan: ChunkPlan) -> NDArray[np.floating[Any]]:
    """The scores of the targets of some queries (0 for missing ones), a few queries against all of theirs together."""
    first, last = int(targets.offsets[span.start]), int(targets.offsets[span.stop])
    scores = np.zeros(last - first, dtype=np.float64)
    for part in spans(span.stop - span.start, TARGETS_AT_ONCE):
        queries = slice(span.start + part.start, span.start + part.stop)
        own = slice(int(targets.offsets[queries.start]), int(targets.offsets[queries.stop]))
        query = np.repeat(np.arange(part.stop - part.start), np.diff(targets.offsets[queries.start : queries.stop + 1]))
        there = np.flatnonzero(targets.rows[own] != MISSING)
        wanted, place = np.unique(targets.rows[own][there], return_inverse=True)
        for columns in spans(len(wanted), plan.gallery):
            here = (place >= columns.start) & (place < columns.stop)
            block = reader.read(queries, torch.from_numpy(wanted[columns]))
            scores[own.start - first + there[here]] = _gather(block, query[there[here]], place[here] - columns.start)
    # exact: the scores were of this type
    return scores.astype(np.float64 if reader.dtype == torch.float64 else np.float32)


def _gather(block: Block, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    picked: NDArray[np.floating[Any]] = block.gather(row, column).cpu().numpy()
    return picked
