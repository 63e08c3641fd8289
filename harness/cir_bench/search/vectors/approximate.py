"""`Approximate`: candidates of a query by faiss, which are then scored as in the exact search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cir_bench.errors import DataError
from cir_bench.search.vectors.files import AGAIN
from cir_bench.search.vectors.parts import INDEX, Kind, Matrix, PartRows, faiss

MARGIN = 16
"""Entries that are looked for in addition: faiss rounds otherwise than the exact scores."""


class Approximate:
    """The parts of an approximate index, opened.

    ``effort`` is how much of each part is looked at: entries of ``hnsw`` (efSearch), lists of ``ivf`` (nprobe).
    """

    def __init__(self, folder: Path, kind: Kind, rows: Sequence[PartRows], effort: int) -> None:
        self.kind, self.effort = kind, effort
        self._parts = [_Part.open(folder / one.name / INDEX, kind, one) for one in rows if one.alive.any()]

    @property
    def most(self) -> int:
        """The effort from which on everything is looked at."""
        return max(part.most for part in self._parts)

    def near(self, query: Matrix, count: int, effort: int | None = None) -> NDArray[np.int64]:
        """``[n]`` candidates for a query ``[D]``, in no order: those of the ``count`` best entries that are found.

        Where fewer entries are found than there are, the effort is doubled.
        """
        wanted = min(count, sum(part.count for part in self._parts))
        effort = effort or self.effort
        while True:
            scores, rows = zip(*(part.search(query, wanted, effort) for part in self._parts), strict=True)
            found = np.concatenate(scores)
            if len(found) >= wanted or effort >= self.most:
                break
            effort *= 2
        every = [one for part in rows for one in part]
        best = np.argsort(-found, kind="stable")[:count]
        return np.concatenate([every[place] for place in best.tolist()])


@dataclass(frozen=True)
class _Part:
    index: Any
    kind: Kind
    rows: PartRows
    selector: Any
    """Of the entries that are not gone; None: all."""
    count: int

    @classmethod
    def open(cls, path: Path, kind: Kind, rows: PartRows) -> _Part:
        """``ivf`` stays on disk, and only the lists that are looked at are read."""
        module = faiss()
        try:
            index = module.read_index(str(path), module.IO_FLAG_MMAP if kind == "ivf" else 0)
        except RuntimeError as error:  # by another version of faiss, for example
            raise DataError(
                f"{path} cannot be read by faiss ({str(error).splitlines()[-1]}); delete it and {AGAIN}."
            ) from error
        alive = rows.alive
        selector = None if alive.all() else module.IDSelectorBitmap(np.packbits(alive, bitorder="little"))
        return cls(index, kind, rows, selector, int(alive.sum()))

    @property
    def most(self) -> int:
        return int(self.index.ntotal if self.kind == "hnsw" else self.index.nlist)

    def search(self, query: Matrix, count: int, effort: int) -> tuple[NDArray[np.float32], list[NDArray[np.int64]]]:
        """The scores of the entries that are found, and the candidates of each."""
        module, effort = faiss(), min(effort, self.most)
        more = {} if self.selector is None else {"sel": self.selector}
        if self.kind == "hnsw":
            parameters = module.SearchParametersHNSW(efSearch=max(effort, min(count, self.most)), **more)
        else:
            parameters = module.SearchParametersIVF(nprobe=effort, **more)
        scores, entries = self.index.search(query[None], min(count, self.count), params=parameters)
        found = entries[0] >= 0
        starts = self.rows.starts
        return scores[0][found], [
            self.rows.rows[starts[entry] : starts[entry + 1]] for entry in entries[0][found].tolist()
        ]
