"""Blocks of scores: scored, copied, checked for NaN, excluded candidates masked."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.retrieval.index import RowLists
from cir_bench.retrieval.scorer import Rows, ScoreChunk

MASKED = float("-inf")
"""What an excluded candidate's cell holds. No score can be mistaken for it: infinite scores are errors."""


class BlockReader:
    """Reads score blocks from a scorer into one buffer that is used again for every block.

    Args:
        score_chunk: the scorer.
        describe: names the pair (query row, gallery row) for error messages.
        device: where the blocks are worked on.
    """

    def __init__(
        self, score_chunk: ScoreChunk, describe: Callable[[int, int], str], device: torch.device | str
    ) -> None:
        self._score_chunk, self._describe = score_chunk, describe
        self._device = torch.device(device)
        self._buffer = torch.empty(0, device=self._device)
        self.dtype: torch.dtype | None = None
        """float32, or float64 when the first scores were; None before the first read."""

    def read(self, query_rows: Rows, gallery_rows: Rows) -> Tensor:
        """Return checked scores ``[q, n]``, valid until the next read.

        Raises:
            RunError: the scorer gave another shape, something other than floats, or a NaN or infinite score; the
                sentence names the query and the gallery image.
        """
        shape = (_length(query_rows), _length(gallery_rows))
        with torch.no_grad():
            scores = self._score_chunk(query_rows, gallery_rows)
        if not isinstance(scores, Tensor) or tuple(scores.shape) != shape or not scores.is_floating_point():
            got = f"{scores.dtype} {tuple(scores.shape)}" if isinstance(scores, Tensor) else type(scores).__name__
            raise RunError(f"The scorer gave {got} for {shape[0]} queries x {shape[1]} images, not that many scores.")
        if self.dtype is None:
            self.dtype = torch.promote_types(scores.dtype, torch.float32)
            self._buffer = self._buffer.to(self.dtype)
        block = self._reserve(shape)
        block.copy_(scores.detach())
        # one fast pass: a NaN or an infinity anywhere makes its row's sum NaN or infinite
        for row in torch.nonzero(~torch.isfinite(block.sum(dim=1))).flatten().tolist():
            bad = torch.nonzero(~torch.isfinite(block[row])).flatten()
            if len(bad):
                column = int(bad[0])
                value, pair = float(block[row, column]), self._describe(_at(query_rows, row), _at(gallery_rows, column))
                raise RunError(f"The score of {pair} is {value}: a score must be a finite number.")
        return block

    def read_candidates(self, queries: slice, gallery: slice, excluded: RowLists) -> Tensor:
        """As :meth:`read`, with excluded candidates' cells set to `MASKED`."""
        block = self.read(queries, gallery)
        fill(block, excluded, queries, gallery)
        return block

    def _reserve(self, shape: tuple[int, int]) -> Tensor:
        size = shape[0] * shape[1]
        if self._buffer.numel() < size:
            self._buffer = self._buffer.new_empty(0)  # the old buffer is freed before the new one is made
            self._buffer = self._buffer.new_empty(size)
        return self._buffer[:size].view(shape)


def fill(block: Tensor, lists: RowLists, queries: slice, gallery: slice) -> None:
    """Set the cells of ``lists`` that lie in this block to `MASKED`."""
    _, row, column = lists.cells(queries, gallery)
    if len(row):
        block[torch.from_numpy(row).to(block.device), torch.from_numpy(column).to(block.device)] = MASKED


def _length(rows: Rows) -> int:
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)


def _at(rows: Rows, position: int) -> int:
    return int(rows.start) + position if isinstance(rows, slice) else int(rows[position])
