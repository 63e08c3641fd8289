"""`NamedRows`: lists of gallery rows that become ids when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

ImageIds = tuple[str, ...]


class NamedRows(Sequence[ImageIds]):
    """Q tuples of ``ids``, kept as gallery rows ``[Q, k]``, negative after the end of a list.

    Metrics never look at them, and building them takes a while.
    """

    def __init__(self, rows: NDArray[np.int64], ids: Sequence[str]) -> None:
        self._rows, self._ids = rows, ids

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> ImageIds: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[ImageIds, ...]: ...
    def __getitem__(self, place: int | slice) -> ImageIds | tuple[ImageIds, ...]:
        if isinstance(place, slice):
            return tuple(NamedRows(self._rows[place], self._ids))
        return tuple(self._ids[row] for row in self._rows[place].tolist() if row >= 0)

    def __iter__(self) -> Iterator[ImageIds]:
        return (tuple([self._ids[row] for row in rows if row >= 0]) for rows in self._rows.tolist())

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))
