"""`NamedRows`: lists of gallery rows that become ids when somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Names = tuple[str, ...]


class NamedRows(Sequence[Names]):
    """Q tuples of ids, kept as rows of the gallery: metrics never look at them, and making them takes a while.

    Args:
        rows: ``[Q, k]`` gallery rows, best first; a list ends before its first negative one.
        ids: the ids of the gallery rows.
    """

    def __init__(self, rows: NDArray[np.int64], ids: Sequence[str]) -> None:
        self._rows, self._ids = rows, ids

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Names: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Names, ...]: ...
    def __getitem__(self, place: int | slice) -> Names | tuple[Names, ...]:
        if isinstance(place, slice):
            return tuple(self._named(self._rows[place]))
        return tuple(self._ids[row] for row in self._rows[place].tolist() if row >= 0)

    def __iter__(self) -> Iterator[Names]:
        return self._named(self._rows)

    def _named(self, rows: NDArray[np.int64]) -> Iterator[Names]:
        return (tuple([self._ids[row] for row in listed if row >= 0]) for listed in rows.tolist())

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
