"""What two processes of a run need to know of each other, and whether Ctrl-C was pressed.

A plugin that raises ``KeyboardInterrupt`` itself must not pass for the user.
"""

from __future__ import annotations

import signal
from types import FrameType

LIFELINE = "CIR_BENCH_LIFELINE"
"""The environment variable by which a watched process finds its watcher: the number of a socket."""
INTERRUPTED = 130
"""Exit code after Ctrl-C."""
_pressed: list[int] = []
_heeded: list[bool] = []


def heed_ctrl_c() -> None:
    """Count Ctrl-C from now on, unless it is ignored. The second one is quiet: the first is still being answered."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _count)
        _heeded.append(True)


def end_at_ctrl_c() -> None:
    """Once Ctrl-C is answered: another one ends the process at once, without a word."""
    if _pressed:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _count(number: int, frame: FrameType | None) -> None:
    _pressed.append(number)
    if len(_pressed) != 2:
        raise KeyboardInterrupt


def by_user(error: BaseException) -> bool:
    """Whether an exception is the user's Ctrl-C rather than a failure."""
    return isinstance(error, KeyboardInterrupt) and (bool(_pressed) or not _heeded)
