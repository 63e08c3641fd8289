"""Steps of a search for which numpy is several times as fast as torch on a CPU; on a GPU torch takes them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DeviceArray: TypeAlias = Any
"""A tensor on a GPU, a numpy array on a CPU. Code that uses only operators and indices works on both."""


def array(values: Tensor) -> DeviceArray:
    """``values`` for the faster library on their device; nothing is copied."""
    return values.numpy() if values.device.type == "cpu" else values


def tensor(values: DeviceArray) -> Tensor:
    """The inverse of :func:`array`."""
    return values if isinstance(values, Tensor) else torch.from_numpy(values)


def progression(stop: int, step: int, like: DeviceArray) -> DeviceArray:
    """0, step, 2 step, … below ``stop``, on the device of ``like``."""
    return torch.arange(0, stop, step, device=like.device) if isinstance(like, Tensor) else np.arange(0, stop, step)


def kth_highest(values: DeviceArray, k: int) -> DeviceArray:
    """``[q]`` the k-th highest of each line of ``[q, m]``, 1 ≤ k ≤ m."""
    if isinstance(values, Tensor):
        return values.topk(k, dim=1, sorted=False).values.amin(dim=1)
    place = values.shape[1] - k
    return np.partition(values, place, axis=1)[:, place].copy()


def descending(values: DeviceArray) -> DeviceArray:
    """``[q, m]`` the columns of each line from its highest to its lowest element; equal ones in any order."""
    return values.argsort(dim=1, descending=True) if isinstance(values, Tensor) else np.argsort(-values, axis=1)


def listed(marks: DeviceArray, most: int) -> tuple[DeviceArray, NDArray[np.int64]]:
    """The flat indices, ascending, of the marks in ``[q, m]``, and the lines left out for more than ``most`` marks.

    The marks of such lines are removed first: a list of all cells is many times as large as the cells.
    """
    if isinstance(marks, Tensor):
        left_out = marks.sum(dim=1) > most
        marks &= ~left_out[:, None]
        return marks.view(-1).nonzero().view(-1), left_out.nonzero().view(-1).cpu().numpy()
    # counting all is an eighth of the work of counting line by line
    if np.count_nonzero(marks) <= most * len(marks):
        places = np.flatnonzero(marks)
        lines = np.flatnonzero(np.bincount(places // marks.shape[1], minlength=len(marks)) > most)
        if not len(lines):
            return places, lines
    else:
        lines = np.flatnonzero(np.add.reduce(marks, axis=1, dtype=np.int64) > most)
    marks[lines] = False
    return np.flatnonzero(marks), lines
