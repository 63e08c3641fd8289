"""`Shared`: things that several cells of a run use, each made once and dropped after the last cell that may use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

from cir_bench.runs.cell import Cell

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Generic[K, V]):
    """Things of one kind by key.

    Args:
        uses: the keys of the things that a cell may use.
    """

    def __init__(self, uses: Callable[[Cell], Iterable[K]]) -> None:
        self._uses = uses
        self._held: dict[K, V] = {}
        self._users: Counter[K] = Counter()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The thing of ``key``, made now if it is not held."""
        if key not in self._held:
            self._held[key] = make()
        return self._held[key]

    def expect(self, cell: Cell) -> None:
        """Count a planned cell as a user of its things."""
        self._users.update(set(self._uses(cell)))

    def finish(self, cell: Cell) -> None:
        """Drop the things of a finished cell that no other planned cell may use."""
        for key in set(self._uses(cell)):
            self._users[key] -= 1
            if self._users[key] <= 0:
                del self._users[key]
                self._held.pop(key, None)


class Lifetimes:
    """Everything that the cells of a run share. Without a plan, nothing is dropped."""

    def __init__(self) -> None:
        self._kinds: list[Shared[Any, Any]] = []

    def shared(self, uses: Callable[[Cell], Iterable[K]]) -> Shared[K, V]:
        """A new kind of things; ``uses`` as in `Shared`."""
        kind: Shared[K, V] = Shared(uses)
        self._kinds.append(kind)
        return kind

    def plan(self, cells: Iterable[Cell]) -> None:
        """The cells that are going to be run, or looked at; each is to be finished once."""
        for cell in cells:
            for kind in () if cell.refusal else self._kinds:
                kind.expect(cell)

    def finish(self, cell: Cell) -> None:
        """A planned cell needs nothing any more."""
        for kind in () if cell.refusal else self._kinds:
            kind.finish(cell)
