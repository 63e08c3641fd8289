"""The ranks that ``torchrun`` started. Imports no torch before they join."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from cir_bench.errors import ConfigError
from cir_bench.ranks.group import ALONE, LostRankError, Ranks

TIMEOUT = "CIR_BENCH_RANK_TIMEOUT"
"""The environment variable with the seconds that a rank waits for the others."""
DEFAULT_SECONDS = 1800.0


def launched() -> tuple[int, int]:
    """This rank's number and how many there are, by the variables that ``torchrun`` sets; (0, 1) without them."""
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys():
        return 0, 1
    return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


def local_number() -> int:
    """This rank's number on its machine: the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def joined(init_method: str = "env://") -> Iterator[Ranks]:
    """The group of the ranks that were launched; `ALONE` if this process was not.

    Tensors on a GPU go through NCCL, others through gloo. torchrun's request to stop (SIGTERM), which it sends when
    another rank has ended, raises `LostRankError`.
    """
    number, size = launched()
    if size == 1:
        yield ALONE
        return
    import torch
    import torch.distributed as dist

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    timeout = timedelta(seconds=_seconds())
    dist.init_process_group(backend, init_method=init_method, rank=number, world_size=size, timeout=timeout)
    if torch.cuda.is_available():
        torch.cuda.set_device(local_number() % torch.cuda.device_count())
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield Ranks(number, size, dist.new_group(backend="gloo", timeout=timeout))
    except BaseException:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this process is ending, and has something to say first
        raise
    signal.signal(signal.SIGTERM, before)
    dist.destroy_process_group()  # not after an error: the others may be gone


def _seconds() -> float:
    text = os.environ.get(TIMEOUT, "")
    try:
        seconds = float(text or DEFAULT_SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"{TIMEOUT}={text!r} is not a number of seconds above 0; set one, such as 600.")
    return seconds


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough; torchrun kills what does not end
    raise LostRankError(
        "stopped by SIGTERM, which torchrun sends when a process has ended before the others. Finished cells and "
        "epochs are kept; run the same command again to continue, with as many processes as you like."
    )
