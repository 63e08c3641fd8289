"""A time limit for code of a plugin that cannot run in a process of its own."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OverdueError(BaseException):
    """The time is up; no `Exception`, so that a plugin's own handlers let it through."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `OverdueError` in the block after ``seconds``; only in the main thread of a POSIX system.

    A timer that was running before goes on afterwards.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise OverdueError

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, expire)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001), interval)
