"""Bounds on how much is asked: requests of one client in a time, and work that goes on at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException

P = ParamSpec("P")
T = TypeVar("T")
CLIENTS = 4096
"""Clients that are remembered; the oldest give way."""


class Rate:
    """Each client may do ``burst`` things at once, and ``per_second`` in the long run."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def wait(self, client: str) -> float:
        """Seconds after which the client may; 0: it may now, and that counts."""
        now = self._clock()
        left, then = self._left.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        may = left >= 1
        self._left[client] = (left - may, now)
        while len(self._left) > CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if may else (1 - left) / self._per_second


class Workers:
    """Runs functions in threads: ``at_once`` of them, and ``waiting`` more may wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._limiter = CapacityLimiter(at_once)
        self._most, self._inside = at_once + waiting, 0

    @property
    def full(self) -> bool:
        """Whether no more may wait."""
        return self._inside >= self._most

    async def run(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """The function's result; an HTTP 503 if too many are waiting."""
        if self.full:
            raise HTTPException(503, "The server is busy; try again in a moment.", {"Retry-After": "1"})
        self._inside += 1
        try:
            return await to_thread.run_sync(partial(function, *args, **options), limiter=self._limiter)
        finally:
            self._inside -= 1
