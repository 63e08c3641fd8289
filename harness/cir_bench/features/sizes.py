"""`BatchSizes`: how many items go through a network at a time, found in the memory that a GPU has free.

Features do not depend on it but for rounding: the GPU may add in another order in another batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, TypeVar

import torch

T = TypeVar("T")

MOST = 8
"""So many times the default at most. Not measured on a GPU; a larger batch would mostly take more memory."""
SHARE = 4
"""A pass may take one part in so many of what is free: other cells may be on the device, and other items larger."""


class Memory(Protocol):
    """What a device says of its memory, in bytes."""

    def free(self) -> int:
        """What can still be allocated."""

    def peak_of(self, work: Callable[[], T]) -> tuple[T, int]:
        """The result of ``work``, and what was allocated at its peak beyond what was before."""

    def release(self) -> None:
        """Give back what was freed but is kept for later."""


class GpuMemory:
    """An NVIDIA GPU's. Its peaks are measured by starting torch's count anew; ``highest`` is what that forgets."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.highest = 0

    def free(self) -> int:
        """As `Memory`: what the driver has, and what torch keeps without using it."""
        free, _ = torch.cuda.mem_get_info(self._device)
        kept = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return int(free) + kept

    def peak_of(self, work: Callable[[], T]) -> tuple[T, int]:
        """As `Memory`."""
        self.highest = max(self.highest, torch.cuda.max_memory_allocated(self._device))
        torch.cuda.reset_peak_memory_stats(self._device)
        before = torch.cuda.memory_allocated(self._device)
        result = work()
        return result, torch.cuda.max_memory_allocated(self._device) - before

    def release(self) -> None:
        """As `Memory`."""
        torch.cuda.empty_cache()


class BatchSizes:
    """Finds sizes of batches; without a ``memory`` to look at, each is the default.

    On a CPU there is none.
    ``used`` has the largest batch of each kind of items since :meth:`start`.
    """

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory
        self.used: dict[str, int] = {}

    def start(self) -> None:
        """Forget which sizes were used."""
        self.used.clear()

    def note(self, kind: str, size: int) -> None:
        """Some items of that kind were encoded in a batch of this size."""
        self.used[kind] = max(self.used.get(kind, 0), size)

    def measured(self, default: int, work: Callable[[], T]) -> tuple[T, int]:
        """The result of ``work`` on a batch of ``default`` items, and how many items to take from then on.

        That is ``default`` times a power of two, at most `MOST`, whose peak is within the `SHARE` of what is free.
        """
        if self.memory is None:
            return work(), default
        result, peak = self.memory.peak_of(work)
        room, times = self.memory.free() // SHARE, 1
        while times < MOST and 2 * times * peak <= room:
            times *= 2
        return result, times * default

    def each(self, kind: str, count: int, default: int, work: Callable[[slice], T]) -> Iterator[T]:
        """``work`` on ``count`` items in order, ``default`` of them first, and then as many as it says of the memory.

        A batch that was made larger and does not fit after all is halved.

        Raises:
            torch.OutOfMemoryError: ``default`` items do not fit.
        """
        size, done = default, 0
        while done < count:
            part = slice(done, min(done + size, count))
            if done == 0 and count > default:
                result, size = self.measured(default, partial(work, part))
            elif size == default:
                result = work(part)
            else:
                found = fitting(partial(work, part))
                if found is None:
                    size = self._halved(size)
                    continue
                result = found
            self.note(kind, part.stop - part.start)
            done = part.stop
            yield result

    def _halved(self, size: int) -> int:
        if self.memory is not None:
            self.memory.release()
        return size // 2


FIXED = BatchSizes()
"""Every batch is the default."""


def fitting(work: Callable[[], T]) -> T | None:
    """None if the memory is too small; the error is dropped, since its traceback holds what has been computed."""
    try:
        return work()
    except torch.OutOfMemoryError:
        return None
