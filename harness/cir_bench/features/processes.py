"""Reading images in worker processes, in order. Whatever keeps them from working, the images are read all the same.

What a worker has read comes back as bytes through a pipe. Torch's own way for tensors is a file in ``/dev/shm``, a
socket in ``TMPDIR`` and a file handle each: where one of these is short (``/dev/shm`` of a container, ``ulimit -n``,
a long ``TMPDIR``), the worker drops what it has read, and who waits for it waits for ever.
"""

from __future__ import annotations

import io
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from enum import Enum
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
"""Seconds without a batch after which workers are given up. One forked while another thread held a lock never moves."""

_LOG = logging.getLogger(__name__)

Read = Callable[[int], Any]
"""The item at a position."""


def worth_workers(count: int, workers: int) -> bool:
    """Whether processes are to read so many images."""
    return workers > 0 and count >= WORTH_WORKERS and sys.platform == "linux"  # elsewhere no cheap fork


def read_in_order(read: Read, count: int, batch: int, workers: int, prefetch: int = 2) -> Iterator[Any]:
    """``read(0)`` to ``read(count - 1)``, one after the other.

    Args:
        read: called in a worker, and here when a worker cannot do it: then its exception keeps its form.
        count: how many items there are.
        batch: items that a worker reads at a time.
        workers: processes; 0, or few items: everything is read here, when it is asked for.
        prefetch: batches that each worker has in work or ready.

    Raises:
        Exception: what ``read`` raised, when it is the item's turn.
    """
    done, told = 0, False
    if worth_workers(count, workers):
        for handed in chain.from_iterable(_from_workers(read, count, batch, workers, prefetch)):
            failed = handed is _Absent.FAILED
            item = read(done) if failed else handed
            if failed and not told:
                told = True
                _LOG.warning(
                    "worker processes cannot hand over what this process reads without a fault (image %d of %d, a %s); "
                    "such images are read twice; --workers 0 reads them once",
                    *(done + 1, count, type(item).__name__),
                )
            yield item
            done += 1
    yield from map(read, range(done, count))


def _from_workers(read: Read, count: int, batch: int, workers: int, prefetch: int) -> Iterator[list[Any]]:
    """Batches as long as there are any: fewer than all when the workers cannot start, die or stall."""
    done = 0
    try:
        get_context("fork").Lock()  # raises where there is no room for any, of which torch makes a longer story
        loader: DataLoader[Any] = DataLoader(
            _Positions(read, count),
            batch_size=batch,
            num_workers=workers,
            collate_fn=_pack,
            prefetch_factor=prefetch,
            timeout=STALLED,
            multiprocessing_context="fork",
            generator=torch.Generator(),  # the loader draws a seed for its workers; not from the caller's stream
        )
        for packed in loader:
            items = pickle.loads(packed)  # noqa: S301 (written by `_pack`, in a process forked from this one)
            yield items
            done += len(items)
    except (OSError, RuntimeError) as error:  # what the system, and the DataLoader, say of processes
        why = str(error).partition("\n")[0]
        _LOG.warning(
            "worker processes failed after %d of %d images (%s); this process reads the rest, which takes longer; "
            "--workers 0 starts none",
            *(done, count, why),
        )


class _Absent(Enum):
    FAILED = "failed"
    """Stands for an item that a worker could not read."""


class _Positions(MapStyle[Any]):
    """Items as the entries of a map-style data set; failures are values: exceptions of workers lose their form."""

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
    """Tensors as arrays: torch's own pickle of a tensor is an archive."""

    def reducer_override(self, obj: Any) -> Any:
        """How ``obj`` is written; NotImplemented: as always."""
        plain = type(obj) is Tensor and obj.layout is torch.strided and obj.dtype in _OF_NUMPY
        if not plain or obj.requires_grad or obj.is_neg() or obj.device.type != "cpu":
            return NotImplemented
        return torch.from_numpy, (obj.numpy(),)


_OF_NUMPY = frozenset(
    {torch.float16, torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
    | {torch.bool}
)


def _pack(items: list[Any]) -> bytes:
    """A batch as bytes; every item of one that cannot be packed is read again."""
    packed = io.BytesIO()
    try:
        _Pickler(packed, protocol=5).dump(items)
    except Exception:
        return pickle.dumps([_Absent.FAILED] * len(items))
    return packed.getvalue()
