"""`Chunks`: an encoder reads a batch in parts where the device's memory does not hold all of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from cir_bench.features.sizes import fitting
from cir_bench.interfaces.features import Features

_LOG = logging.getLogger(__name__)

Encode = Callable[..., Features]
"""Features of some items, which are one sequence or several parallel ones."""


class Chunks:
    """Has an encoder encode at most ``most`` items at a time; all that it is given while that is None.

    Without gradients, items that do not fit are encoded in halves, and ``most`` becomes what fitted. With gradients,
    parts are computed again in the backward pass, so that the activations of only one are in memory; the gradients are
    those of the whole batch. There the memory runs out at any place, so whoever trains calls :meth:`halve`.
    """

    def __init__(self) -> None:
        self.most: int | None = None
        self._largest = 0

    def encode(self, encode: Encode, *items: Sequence[Any]) -> Features:
        """``encode(*items)``; `torch.OutOfMemoryError` if a single item does not fit."""
        count = len(items[0])
        if torch.is_grad_enabled():
            self._largest = max(self._largest, count)
            return self._with_gradients(encode, items, count)
        parts: list[Features] = []
        done = 0
        while not parts or done < count:
            part = [sequence[done : done + (self.most or count)] for sequence in items]
            features = fitting(partial(encode, *part))
            if features is not None:
                parts.append(features)
                done += len(part[0])
            elif not self.halve(len(part[0])):
                features = encode(*part)  # raises what `fitting` could not keep without keeping the memory
        return parts[0] if len(parts) == 1 else Features.cat(parts)

    def halve(self, tried: int | None = None) -> bool:
        """From now on encode half of ``tried`` (default: the largest batch that was trained on, or part of it).

        False if it is one item.
        """
        tried = tried or min(self._largest, self.most or self._largest)
        torch.cuda.empty_cache()
        if tried <= 1:
            return False
        self.most = tried // 2
        _LOG.warning("out of memory with %d items in a batch of the encoder; going on with %d", tried, self.most)
        return True

    def _with_gradients(self, encode: Encode, items: Sequence[Sequence[Any]], count: int) -> Features:
        if self.most is None or count <= self.most:
            return encode(*items)
        starts = range(0, count, self.most)
        parts = [[sequence[start : start + self.most] for sequence in items] for start in starts]
        return Features.cat([checkpoint(encode, *part, use_reentrant=False) for part in parts])
