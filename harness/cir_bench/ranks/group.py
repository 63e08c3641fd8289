"""`Ranks`: what the processes of a run tell each other. One process alone is a group of one, and asks nobody."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from cir_bench.errors import CirBenchError, RunError

T = TypeVar("T")


class LostRankError(CirBenchError):
    """Another rank has ended, or does not answer. The run stops; the same command continues it."""


class RankFailedError(RunError):
    """Another rank has failed, and all ranks know of it; ``failure`` is what it said."""

    def __init__(self, failure: Any) -> None:
        super().__init__(f"another process of this run failed: {failure}")
        self.failure = failure


class _Word(NamedTuple):
    """What a rank says: a value, or why it failed."""

    value: Any
    failure: Any = None


class Ranks:
    """The group of ``size`` ranks as rank ``number`` sees it; every rank calls the same methods in the same order.

    ``control`` is torch's process group for what the ranks tell each other; tensors use the default one. A rank that
    fails between two calls says so with :meth:`fail`, which answers whatever call the others are waiting in.
    """

    def __init__(self, number: int = 0, size: int = 1, control: Any = None) -> None:
        self.number, self.size, self._control = number, size, control

    @property
    def first(self) -> bool:
        """Whether this rank writes and speaks for all of them."""
        return self.number == 0

    def share(self, count: int) -> slice:
        """Which of ``count`` items are this rank's; shares differ by at most one, the first ones are larger."""
        each, more = divmod(count, self.size)
        start = self.number * each + min(self.number, more)
        return slice(start, start + each + (self.number < more))

    def exchange(self, value: T) -> list[T]:
        """The value of every rank, in order; also waits for all of them.

        Raises:
            RankFailedError: a rank called :meth:`fail` instead.
            LostRankError: a rank is gone, or did not come within the time limit.
        """
        if self.size == 1:
            return [value]
        said = self._say(_Word(value))
        for word in said:
            if word.failure is not None:
                raise RankFailedError(word.failure)
        return [word.value for word in said]

    def wait(self) -> None:
        """Wait for all ranks; errors as of :meth:`exchange`."""
        self.exchange(None)

    def agree(self, make: Callable[[], T]) -> T:
        """What the first rank makes, on every rank."""
        found: list[Any] = self.exchange(make() if self.first else None)
        return found[0]  # type: ignore[no-any-return]  # what the first rank made

    def in_turn(self, act: Callable[[], T]) -> T:
        """``act`` on the first rank, then on the others, for files that the first may still change."""
        if self.first:
            done = act()
            self.wait()
        else:
            self.wait()
            done = act()
        self.wait()
        return done

    def fail(self, failure: Any) -> None:
        """Tell the others that this rank cannot go on; they raise `RankFailedError` at their next call."""
        if self.size > 1:
            self._say(_Word(None, failure))

    def _say(self, word: _Word) -> list[_Word]:
        import torch.distributed as dist

        said: list[Any] = [None] * self.size
        try:
            dist.all_gather_object(said, word, self._control)
        except RuntimeError as error:
            raise lost(error) from error
        return said


def lost(error: Exception) -> LostRankError:
    """The error for a collective operation that did not come to its end."""
    why = " ".join(re.sub(r"^\[[^]]*\]", "", str(error)).split())[:80]  # without the place in gloo's source
    return LostRankError(
        f"a process of this run was lost or does not answer ({why}). Finished cells and epochs are kept; run the same "
        "command again to continue, with as many processes as you like."
    )


ALONE = Ranks()
"""One process that computes everything."""
