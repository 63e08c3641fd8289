"""Blocks of scores: scored tile by tile, checked for NaN, excluded candidates masked, the highest of groups noted."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.errors import RunError
from cir_bench.retrieval.chunks import spans, tile_scores_on, tile_width
from cir_bench.retrieval.scorer import RowSet, ScoreChunk, length_of, part_of

MASKED = float("-inf")
"""The score of an excluded candidate. No other score can be mistaken for it: infinite scores are errors."""
MAX_GROUP = 16
LANES = 32
"""Maxima are taken of so many neighbouring columns at once, or a multiple; other widths are several times as slow."""


@dataclass(frozen=True)
class ScoreBlock:
    """Scores of q queries against n gallery images, cut into tiles that a processor's cache can hold.

    Attributes:
        tiles: ``[t, q, w]``; column c of the block is column c mod w of tile c // w. Columns from n on hold `MASKED`.
        columns: n.
        maxima: ``[t, q, s]`` for an s that divides w: the highest score in columns i, i + s, i + 2 s, … of a tile, for
            i < s, when the block was read. It is ``tiles`` itself where s = w.
    """

    tiles: Tensor
    columns: int
    maxima: Tensor

    def __len__(self) -> int:
        return int(self.tiles.shape[1])

    def __iter__(self) -> Iterator[Tensor]:
        """The tiles ``[q, w]`` from left to right."""
        return iter(self.tiles)

    def row(self, row: int) -> Tensor:
        """``[n]``: all scores of one query."""
        return self.tiles[:, row].reshape(-1)[: self.columns]

    def gather(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> Tensor:
        """The scores of some cells, one-dimensional."""
        return self.tiles[self._place(row, column)]

    def mask(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> None:
        """Set some cells to `MASKED`; the maxima stay."""
        if len(row):
            self.tiles[self._place(row, column)] = MASKED

    def _place(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> tuple[Tensor, ...]:
        tile, place = np.divmod(column, self.tiles.shape[2])
        return _indices(self.tiles.device, tile, row, place)


class BlockReader:
    """Reads score blocks from a scorer; each thread has its own memory, which it reuses for every block.

    ``describe`` names a pair (query row, gallery row) for error messages; ``device`` is where the blocks are worked on.
    """

    def __init__(self, score_chunk: ScoreChunk, describe: Callable[[int, int], str], device: torch.device) -> None:
        self._score_chunk, self._describe, self._device = score_chunk, describe, device
        self._score_into: Callable[[RowSet, RowSet, Tensor], None] | None = getattr(score_chunk, "score_into", None)
        self._tile_scores = tile_scores_on(device.type)
        self._own = threading.local()
        self.dtype: torch.dtype | None = getattr(score_chunk, "dtype", None)
        """float32, or float64 if the first scores were; None before the first read, if the scorer does not say."""

    def read(
        self,
        query_rows: RowSet,
        gallery_rows: RowSet,
        best: int = 0,
        masked: Sequence[NDArray[np.int64]] = (),
    ) -> ScoreBlock:
        """Checked scores ``[q, n]``, valid until this thread's next read.

        ``maxima`` are chosen to find each query's ``best`` highest scores by; cells ``masked`` (rows, columns) are in
        none. `RunError` if the scorer gave another shape, something other than floats, or a NaN or infinite score; it
        names the query and the gallery image.
        """
        q, n = length_of(query_rows), length_of(gallery_rows)
        group = _group_size(n, best)
        width = tile_width(q, n, self._tile_scores, group * LANES if group > 1 else 1)
        sums = torch.zeros(q, device=self._device)
        block: ScoreBlock | None = None
        for number, columns in enumerate(spans(n, width)):
            part, filled = part_of(gallery_rows, columns), columns.stop - columns.start
            scores = None if self._score_into else self._scored(query_rows, part)
            block = block or self._reserve(q, n, width, group)
            tile = block.tiles[number]
            if scores is not None:
                tile[:, :filled] = scores
            elif self._score_into is not None:
                self._score_into(query_rows, part, tile[:, :filled])
            if filled < width:
                tile[:, filled:] = MASKED
            # one fast pass: a NaN or an infinity anywhere makes its row's sum NaN or infinite
            sums += tile[:, :filled].sum(dim=1)
            if len(masked) and len(masked[0]):
                row, column = masked
                here = (column >= columns.start) & (column < columns.stop)
                tile[_indices(self._device, row[here], column[here] - columns.start)] = MASKED
            if group > 1:
                torch.amax(tile.view(q, group, width // group), dim=1, out=block.maxima[number])
        for row in torch.nonzero(~torch.isfinite(sums)).flatten().tolist():
            self._refuse_bad_scores(_at(query_rows, row), gallery_rows)
        return block or self._reserve(q, n, width, group)

    def _scored(self, query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        with torch.no_grad():
            scores = self._score_chunk(query_rows, gallery_rows)
        shape = (length_of(query_rows), length_of(gallery_rows))
        if not isinstance(scores, Tensor) or tuple(scores.shape) != shape or not scores.is_floating_point():
            got = f"{scores.dtype} {tuple(scores.shape)}" if isinstance(scores, Tensor) else type(scores).__name__
            raise RunError(f"The scorer gave {got} for {shape[0]} queries x {shape[1]} images, not that many scores.")
        if self.dtype is None:
            self.dtype = torch.promote_types(scores.dtype, torch.float32)
        return scores.detach()

    def _refuse_bad_scores(self, query: int, gallery_rows: RowSet) -> None:
        """Score a suspicious query alone, without masks; it is not an error if only its sum overflowed."""
        scores = self._scored(slice(query, query + 1), gallery_rows)[0]
        bad = torch.nonzero(~torch.isfinite(scores)).flatten()
        if len(bad):
            value, pair = float(scores[bad[0]]), self._describe(query, _at(gallery_rows, int(bad[0])))
            raise RunError(f"The score of {pair} is {value}: a score must be finite.")

    def _reserve(self, q: int, n: int, width: int, group: int) -> ScoreBlock:
        tiles = -(-n // width)
        scores = self._memory("scores", tiles * q * width).view(tiles, q, width)
        slots = width // group
        maxima = self._memory("maxima", tiles * q * slots).view(tiles, q, slots) if group > 1 else scores
        return ScoreBlock(scores, n, maxima)

    def _memory(self, name: str, size: int) -> Tensor:
        memory: Tensor | None = getattr(self._own, name, None)
        if memory is None or memory.numel() < size:
            memory = None
            setattr(self._own, name, None)  # the old memory is freed before the new is allocated
            dtype = self.dtype or torch.float32
            if self._device.type == "cpu":  # numpy asks for huge pages, which are ready sooner
                memory = torch.from_numpy(np.empty(size, dtype=np.float64 if dtype == torch.float64 else np.float32))
            else:
                memory = torch.empty(size, dtype=dtype, device=self._device)
            setattr(self._own, name, memory)
        return memory[:size]


def _group_size(columns: int, best: int) -> int:
    """A power of two near √(n/k), where looking at maxima and looking at cells cost about the same."""
    size = min(MAX_GROUP, math.isqrt(columns // best) if best else 1, columns // LANES)
    return 1 << max(0, size.bit_length() - 1)


def _indices(device: torch.device, *places: NDArray[np.int64]) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(place).to(device) for place in places)


def _at(rows: RowSet, position: int) -> int:
    return int(rows.start) + position if isinstance(rows, slice) else int(rows[position])
