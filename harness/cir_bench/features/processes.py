"""Reading images in worker processes, in order. When workers cannot start, die or stall, this process reads the rest.

Workers send what they have read as bytes through a pipe. Torch's own way of sending a tensor needs a file in
``/dev/shm``, a socket in ``TMPDIR`` and a file handle; when one of these is scarce (``/dev/shm`` of a container,
``ulimit -n``, a long ``TMPDIR``), the worker drops the tensor and the receiver waits forever.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as MapStyle

WORTH_WORKERS = 256
"""With fewer images than this, starting worker processes takes longer than decoding."""
STALLED = 300.0
"""Seconds without a batch after which workers are given up: one forked while a thread held a lock hangs forever."""

_LOOK_EVERY = 1.0
"""Seconds after which a worker looks whether it is still needed."""

_LOG = logging.getLogger(__name__)

Read = Callable[[int], Any]
"""The item at a position."""


def worth_workers(count: int, workers: int) -> bool:
    """Whether ``count`` images are read faster by worker processes."""
    return workers > 0 and count >= WORTH_WORKERS and sys.platform == "linux"  # forking is cheap only there


def read_in_order(read: Read, count: int, batch: int, workers: int, prefetch: int = 2) -> Iterator[Any]:
    """``read(0)`` to ``read(count - 1)``, in order; with few items or no ``workers``, each when it is asked for.

    A worker reads ``batch`` items at a time, and has ``prefetch`` batches ready or in progress. What failed there is
    read again in this process, so that its exception arrives unchanged, when it is the item's turn.
    """
    done, warned = 0, False
    if worth_workers(count, workers):
        for handed in chain.from_iterable(_from_workers(read, count, batch, workers, prefetch)):
            failed = handed is _Absent.FAILED
            item = read(done) if failed else handed
            if failed and not warned:
                warned = True
                _LOG.warning(
                    "worker processes cannot return an image that this process can read (image %d of %d, a %s); "
                    "such images are read twice; --workers 0 reads them once",
                    *(done + 1, count, type(item).__name__),
                )
            yield item
            done += 1
    yield from map(read, range(done, count))


def _from_workers(read: Read, count: int, batch: int, workers: int, prefetch: int) -> Iterator[list[Any]]:
    """Batches from worker processes; they end early when the workers cannot start, die or stall."""
    done = 0
    try:
        get_context("fork").Lock()  # raises where no lock can be made, with a clearer message than torch's
        loader: DataLoader[Any] = DataLoader(
            _Positions(read, count),
            batch_size=batch,
            num_workers=workers,
            collate_fn=_pack,
            prefetch_factor=prefetch,
            timeout=STALLED,
            multiprocessing_context="fork",
            worker_init_fn=partial(_end_with, os.getpid()),
            generator=torch.Generator(),  # the loader draws a seed for its workers: not from the global generator
        )
        for packed in loader:
            items = pickle.loads(packed)  # noqa: S301 (written by `_pack`, in a process forked from this one)
            yield items
            done += len(items)
    except (OSError, RuntimeError) as error:  # the system's and the DataLoader's errors about processes
        why = str(error).partition("\n")[0]
        _LOG.warning(
            "worker processes failed after %d of %d images (%s); this process reads the rest, which takes longer; "
            "--workers 0 starts none",
            *(done, count, why),
        )


def _end_with(parent: int, worker: int) -> None:
    """In a worker: end it soon after the process that forked it, even if that was killed.

    A worker that is handing over a batch would otherwise wait forever for someone to read it: the workers, too, have
    the end of the pipe that is read from.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="ends with its parent").start()


class _Absent(Enum):
    FAILED = "failed"
    """Stands for an item that a worker could not read."""


class _Positions(MapStyle[Any]):
    """Items as entries of a map-style data set; a failure is a value, since exceptions of workers arrive changed."""

    def __init__(self, read: Read, count: int) -> None:
        self._read, self._count = read, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, position: int) -> Any:
        try:
            return self._read(position)
        except Exception:
            return _Absent.FAILED


class _Pickler(pickle.Pickler):
    """Pickles tensors as arrays, which is faster than torch's own way."""

    def reducer_override(self, obj: Any) -> Any:
        """How to pickle ``obj``; NotImplemented: as usual."""
        plain = type(obj) is Tensor and obj.layout is torch.strided and obj.dtype in _OF_NUMPY
        if not plain or obj.requires_grad or obj.is_neg() or obj.device.type != "cpu":
            return NotImplemented
        return torch.from_numpy, (obj.numpy(),)


_OF_NUMPY = {torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8}
_OF_NUMPY |= {torch.int8, torch.int16, torch.int32, torch.int64}


def _pack(items: list[Any]) -> bytes:
    """A batch as bytes; when it cannot be pickled, all of its items are marked as failed and read again."""
    packed = io.BytesIO()
    try:
        _Pickler(packed, protocol=5).dump(items)
    except Exception:
        return pickle.dumps([_Absent.FAILED] * len(items))
    return packed.getvalue()
