"""`Shared`: things that several cells of a run use, each made once and dropped after the last cell that may use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from cir_bench.runs.cell import Cell
from cir_bench.runs.keys import SharedKey

V = TypeVar("V")
Uses = Callable[[Cell], Iterable[SharedKey]]
"""The keys of the things that a cell may use."""


class Shared(Generic[V]):
    """Things of one kind by key."""

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._held: dict[SharedKey, V] = {}
        self._users: Counter[SharedKey] = Counter()

    def get(self, key: SharedKey, make: Callable[[], V]) -> V:
        """The thing of ``key``, made now if it is not held."""
        if key not in self._held:
            self._held[key] = make()
        return self._held[key]

    def held(self) -> Iterable[V]:
        """The things that are held now."""
        return self._held.values()

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
        self._kinds: list[Shared[Any]] = []
        self._planned: list[Cell] = []
        self._runs: Callable[[Cell], bool] = lambda cell: True

    def shared(self, uses: Uses) -> Shared[V]:
        """A new kind of things."""
        kind: Shared[V] = Shared(uses)
        self._kinds.append(kind)
        return kind

    def one(self, key: Callable[[Cell], SharedKey], make: Callable[[Cell], V]) -> Callable[[Cell], V]:
        """A new kind of things, of which each cell uses one; the function gives a cell its thing."""
        kind: Shared[V] = self.shared(lambda cell: [key(cell)])
        return lambda cell: kind.get(key(cell), lambda: make(cell))

    def plan(self, cells: Iterable[Cell], runs: Callable[[Cell], bool] = lambda cell: True) -> None:
        """The cells that are going to be run, or looked at; each is to be finished once.

        ``runs`` says whether a cell will be run; it is asked as late as possible.
        """
        self._runs = runs
        for cell in cells:
            if not cell.refusal:
                self._planned.append(cell)
                for kind in self._kinds:
                    kind.expect(cell)

    def finish(self, cell: Cell) -> None:
        """A planned cell needs nothing any more."""
        if not cell.refusal:
            self._planned = [one for one in self._planned if one is not cell]
            for kind in self._kinds:
                kind.finish(cell)

    def later(self, cell: Cell) -> list[Cell]:
        """The planned cells besides ``cell`` that are not finished."""
        return [one for one in self._planned if one is not cell]

    def runs(self, cell: Cell) -> bool:
        """Whether a planned cell will be run."""
        return self._runs(cell)
