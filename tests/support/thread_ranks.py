"""Ranks that are threads of this process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from cir_bench.ranks.group import RankFailedError, Ranks

T = TypeVar("T")


class ThreadRanks(Ranks):
    """A rank that is a thread, and talks to the others by a list."""

    def __init__(self, number: int, said: list[Any], barrier: Barrier) -> None:
        super().__init__(number, len(said))
        self._said, self._barrier = said, barrier

    def _say(self, word: Any) -> list[Any]:
        self._said[self.number] = word
        self._barrier.wait(timeout=60)
        heard = list(self._said)
        self._barrier.wait(timeout=60)
        return heard


def on_ranks(size: int, act: Callable[[Ranks], T]) -> list[T]:
    """What each rank's ``act`` returns; the error of the first rank that raised one."""
    said: list[Any] = [None] * size
    barrier = Barrier(size)

    def one(number: int) -> T:
        ranks = ThreadRanks(number, said, barrier)
        try:
            return act(ranks)
        except RankFailedError:
            raise
        except Exception as error:
            ranks.fail(str(error))
            raise

    with ThreadPoolExecutor(size) as pool:
        return [future.result() for future in [pool.submit(one, number) for number in range(size)]]
