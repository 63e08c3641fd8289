"""The ranks of all targets: in one pass over whole gallery rows, or in two over a gallery that must be streamed."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.retrieval.blocks import BlockReader, fill
from cir_bench.retrieval.chunks import ChunkPlan, spans
from cir_bench.retrieval.index import MISSING, RowIndex, RowLists
from cir_bench.retrieval.ties import CandidateCounts, TieGroups
from cir_bench.retrieval.topk import RunningTopK

Ranks: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.int64]]"
"""``better`` and ``tied`` ``[T]``, in the sense of `Ranking`."""


def one_pass(reader: BlockReader, index: RowIndex, plan: ChunkPlan, tolerance: float, top: RunningTopK) -> Ranks:
    """Whole rows at a time: a row's target scores are read from the very block that is counted. Fills ``top``."""
    targets, offsets = index.targets, index.targets.offsets
    better, tied = np.empty_like(targets.rows), np.empty_like(targets.rows)
    everything = slice(0, top.n_gallery)
    for rows in spans(len(offsets) - 1, plan.queries):
        block = reader.read_candidates(rows, everything, index.excluded)
        top.update(block, rows, 0)
        own = slice(int(offsets[rows.start]), int(offsets[rows.stop]))
        flat, row, column = targets.cells(rows, everything)
        scores = np.zeros(own.stop - own.start, dtype=_dtype(reader))
        scores[flat - own.start] = _gather(block, row, column)
        fill(block, targets, rows, everything)
        missing = targets.rows[own] == MISSING
        groups = TieGroups.around(scores, missing, offsets[rows.start : rows.stop + 1] - own.start, tolerance)
        counts = CandidateCounts(groups, block.device)
        counts.update(block, slice(0, len(block)))
        better[own], tied[own] = counts.ranks()
    return better, tied


def two_passes(reader: BlockReader, index: RowIndex, plan: ChunkPlan, tolerance: float, top: RunningTopK) -> Ranks:
    """The targets' scores first, then every chunk against them; each gallery chunk is loaded twice. Fills ``top``."""
    targets = index.targets
    scores = _target_scores(reader, targets, plan, top.n_gallery)
    groups = TieGroups.around(scores, targets.rows == MISSING, targets.offsets, tolerance)
    counts = CandidateCounts(groups, top.rows.device)
    for columns in spans(top.n_gallery, plan.gallery):
        for rows in spans(len(targets.offsets) - 1, plan.queries):
            block = reader.read_candidates(rows, columns, index.excluded)
            top.update(block, rows, columns.start)
            fill(block, targets, rows, columns)
            counts.update(block, rows)
    return counts.ranks()


def _target_scores(
    reader: BlockReader, targets: RowLists, plan: ChunkPlan, n_gallery: int
) -> NDArray[np.floating[Any]]:
    """``[T]`` scores of the targets (0 for missing ones), scored chunk-wise as everything else is.

    A query is scored only against the chunks that hold its targets, so with one target per query the pass costs no more
    than one chunk.
    """
    query = np.repeat(np.arange(len(targets.offsets) - 1), np.diff(targets.offsets))
    scores = np.zeros(len(targets.rows), dtype=np.float64)
    for columns in spans(n_gallery, plan.gallery):
        flat = np.flatnonzero((targets.rows >= columns.start) & (targets.rows < columns.stop))
        asking, row = np.unique(query[flat], return_inverse=True)
        for rows in spans(len(asking), plan.queries):
            here = (row >= rows.start) & (row < rows.stop)
            block = reader.read(torch.from_numpy(asking[rows]), columns)
            scores[flat[here]] = _gather(block, row[here] - rows.start, targets.rows[flat[here]] - columns.start)
    return scores.astype(_dtype(reader))  # exact: they were of this type


def _gather(block: Tensor, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    cells = block[torch.from_numpy(row).to(block.device), torch.from_numpy(column).to(block.device)]
    picked: NDArray[np.floating[Any]] = cells.cpu().numpy()
    return picked


def _dtype(reader: BlockReader) -> type[np.floating[Any]]:
    return np.float64 if reader.dtype == torch.float64 else np.float32
