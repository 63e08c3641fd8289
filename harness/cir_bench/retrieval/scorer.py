"""What scores queries against gallery images: a dot product of two matrices, or any callable."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cir_bench.arithmetic import full_precision
from cir_bench.errors import ConfigError

RowSet: TypeAlias = "slice | Tensor"
"""Some rows of a matrix: a slice, or a 1-D LongTensor on the CPU."""
Matrix: TypeAlias = "Tensor | NDArray[np.floating[Any]]"
"""A ``[rows, D]`` matrix: a tensor, an array, or a memory-mapped array larger than memory."""


def length_of(rows: RowSet) -> int:
    """How many rows there are."""
    return int(rows.stop - rows.start) if isinstance(rows, slice) else len(rows)


def part_of(rows: RowSet, part: slice) -> RowSet:
    """Some of the rows, by their places among them."""
    return slice(rows.start + part.start, rows.start + part.stop) if isinstance(rows, slice) else rows[part]


class ScoreChunk(Protocol):
    """Scores some queries against some gallery images; higher is better.

    Optional attributes: ``query_bytes`` and ``gallery_bytes``, the bytes that scoring takes for each query and each
    gallery image of a chunk in addition to the scores, by which chunk sizes are chosen; ``thread_safe``, true if
    several threads may call it at once; ``dtype``, the type of its scores (float32 by default).
    """

    def __call__(self, query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        """Return scores ``[q, n]``, floating point, on any device. They are copied, never written to."""


class DotScorer:
    """Score = dot product of row vectors: ``queries`` ``[Q, D]`` against ``gallery`` ``[N, D]``.

    The product is computed in float32 without TF32 or autocast (in float64 if both matrices are), whatever the caller's
    settings, so that equal vectors tie. Rows of a memory-mapped or half-precision gallery, or of one on another device,
    are copied chunk by chunk; everything else is used in place. `ConfigError` unless these are matrices of one width.
    """

    thread_safe = True

    def __init__(self, queries: Matrix, gallery: Matrix, device: torch.device | str = "cpu") -> None:
        if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
            raise ConfigError(
                f"Queries {tuple(queries.shape)} and gallery {tuple(gallery.shape)} must be matrices of the same width."
            )
        self._queries, self._gallery = queries, gallery
        self._device = torch.device(device)
        double = all(str(matrix.dtype).endswith("float64") for matrix in (queries, gallery))
        self.dtype = torch.float64 if double else torch.float32
        self._held: tuple[tuple[int, int], Tensor] | None = None
        self.query_bytes = self._copied_bytes(queries)
        self.gallery_bytes = self._copied_bytes(gallery)

    def __call__(self, query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        """Return the dot products ``[q, n]``."""
        queries, gallery = self._load(self._queries, query_rows), self._gallery_chunk(gallery_rows)
        with torch.no_grad(), torch.autocast(self._device.type, enabled=False), full_precision(self._device):
            return queries @ gallery.T

    def score_into(self, query_rows: RowSet, gallery_rows: RowSet, out: Tensor) -> None:
        """Write the dot products into ``out`` ``[q, n]``, whose rows may be apart."""
        if self._device.type != "cpu":
            out.copy_(self(query_rows, gallery_rows))
            return
        queries, gallery = self._load(self._queries, query_rows), self._gallery_chunk(gallery_rows)
        # numpy's BLAS: at least as fast as torch's, and its threads can be limited for a while
        np.matmul(queries.numpy(), gallery.numpy().T, out=out.numpy())

    def _gallery_chunk(self, rows: RowSet) -> Tensor:
        """The chunk is kept until another is asked for, so that blocks of queries share one copy."""
        if not isinstance(rows, slice):
            return self._load(self._gallery, rows)
        key, held = (rows.start, rows.stop), self._held
        if held is None or held[0] != key:
            held = self._held = None  # the old chunk is freed before the new one is made
            self._held = held = (key, self._load(self._gallery, rows))
        return held[1]

    def _load(self, matrix: Matrix, rows: RowSet) -> Tensor:
        if isinstance(matrix, Tensor):
            chunk = matrix.detach()[rows if isinstance(rows, slice) else rows.to(matrix.device)]
        else:
            part = matrix[rows if isinstance(rows, slice) else rows.numpy()]
            # a map's pages must not be mistaken for memory, and torch wants no read-only array
            chunk = torch.from_numpy(np.ascontiguousarray(part) if part.flags.writeable else np.array(part))
        return chunk.to(device=self._device, dtype=self.dtype)

    def _copied_bytes(self, matrix: Matrix) -> int:
        if isinstance(matrix, Tensor):
            in_place = matrix.device == self._device and matrix.dtype == self.dtype
        else:
            in_memory = not isinstance(matrix, np.memmap) and matrix.flags.writeable
            in_place = in_memory and self._device.type == "cpu" and str(self.dtype).endswith(str(matrix.dtype))
        return 0 if in_place else int(matrix.shape[1]) * self.dtype.itemsize
