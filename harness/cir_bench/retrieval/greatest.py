"""`GreatestScorer`: items with several vectors, scored by the greatest dot product of a pair of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import torch
from torch import Tensor

from cir_bench.errors import ConfigError
from cir_bench.retrieval.chunks import spans, tile_scores_on
from cir_bench.retrieval.scorer import DotScorer, RowSet, length_of, part_of


class GreatestScorer:
    """Score = the sum over spaces of the greatest dot product of a vector of the query and one of the candidate.

    Each space is a pair of tensors ``[Q, (P,) d]`` and ``[N, (M,) d]``. All products of a few candidates are made at
    once, in memory of a tile's size that a thread keeps, and reduced before the next ones: one matrix product and one
    maximum, whatever Q, N, P and M are. `ConfigError` for other shapes, as of `DotScorer`.
    """

    thread_safe = True

    def __init__(self, spaces: Sequence[tuple[Tensor, Tensor]], device: torch.device | str = "cpu") -> None:
        self._spaces = [_Space(queries, gallery, device) for queries, gallery in spaces]
        if len({space.sizes for space in self._spaces}) != 1:
            raise ConfigError("A scorer needs spaces, all with the same numbers of queries and of candidates.")
        self._device = torch.device(device)
        self._own = threading.local()
        self.dtype = torch.float64 if any(one.dots.dtype == torch.float64 for one in self._spaces) else torch.float32
        self.query_bytes = sum(space.query_vectors * space.dots.query_bytes for space in self._spaces)
        self.gallery_bytes = sum(space.gallery_vectors * space.dots.gallery_bytes for space in self._spaces)

    def __call__(self, query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        """The scores ``[q, n]``."""
        out = torch.empty(length_of(query_rows), length_of(gallery_rows), dtype=self.dtype, device=self._device)
        self.score_into(query_rows, gallery_rows, out)
        return out

    def score_into(self, query_rows: RowSet, gallery_rows: RowSet, out: Tensor) -> None:
        """Write the scores into ``out`` ``[q, n]``, whose rows may be apart."""
        for number, space in enumerate(self._spaces):
            products = length_of(query_rows) * space.query_vectors * space.gallery_vectors
            for columns in spans(
                length_of(gallery_rows), max(1, tile_scores_on(self._device.type) // max(1, products))
            ):
                scores = self._greatest(space, query_rows, part_of(gallery_rows, columns)).to(out.device)
                if number:
                    out[:, columns] += scores
                else:
                    out[:, columns] = scores

    def _greatest(self, space: _Space, query_rows: RowSet, gallery_rows: RowSet) -> Tensor:
        q, n = length_of(query_rows), length_of(gallery_rows)
        shape = q * space.query_vectors, n * space.gallery_vectors
        products = self._memory(shape[0] * shape[1], space.dots.dtype).view(shape)
        vectors = _vectors(query_rows, space.query_vectors), _vectors(gallery_rows, space.gallery_vectors)
        space.dots.score_into(*vectors, products)
        if space.gallery_vectors == space.query_vectors == 1:
            return products
        return products.view(q, space.query_vectors, n, space.gallery_vectors).amax(dim=(1, 3))

    def _memory(self, size: int, dtype: torch.dtype) -> Tensor:
        """This thread's memory for products."""
        memory: Tensor | None = getattr(self._own, "products", None)
        if memory is None or memory.numel() < size or memory.dtype != dtype:
            memory = self._own.products = torch.empty(size, dtype=dtype, device=self._device)
        return memory[:size]


class _Space:
    """The vectors of all queries, and of all candidates, as the rows of two matrices."""

    def __init__(self, queries: Tensor, gallery: Tensor, device: torch.device | str) -> None:
        self.sizes = len(queries), len(gallery)
        queries, gallery = (side[:, None] if side.ndim == 2 else side for side in (queries, gallery))
        self.query_vectors, self.gallery_vectors = queries.shape[1], gallery.shape[1]
        self.dots = DotScorer(queries.flatten(0, 1), gallery.flatten(0, 1), device)


def _vectors(rows: RowSet, each: int) -> RowSet:
    """The rows of the vectors of some items."""
    if isinstance(rows, slice):
        return slice(rows.start * each, rows.stop * each)
    return (rows[:, None] * each + torch.arange(each)).flatten()
