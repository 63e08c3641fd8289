"""`FeatureTable`: the cached features of many items, read row by row from memory-mapped files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cir_bench.features.prefetch import carrier_to, made_ahead
from cir_bench.features.shard import Array
from cir_bench.features.store import RowLocations
from cir_bench.interfaces.features import Features
from cir_bench.memory import free_host_mib

UNKNOWN = 2 << 30
"""Bytes of a table that are kept in the host's memory if the system does not say how much is free."""


def preload_limit(device: torch.device | str) -> int:
    """Bytes of the largest table that is kept on ``device``: half of what is free now on a GPU, a quarter on a host."""
    device = torch.device(device)
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free) // 2
    mib = free_host_mib()
    return UNKNOWN if mib is None else int(mib) * (1 << 20) // 4


class FeatureTable:
    """Features by image id or text: ``slots`` gives each its distinct content, ``locations`` that content's rows.

    ``decoder`` is that of the features' identity.
    """

    def __init__(self, slots: Mapping[str, int], locations: Mapping[str, RowLocations], decoder: str = "") -> None:
        self.decoder = decoder
        self._slots, self._locations = slots, locations
        self._memory: Features | None = None
        self._device = torch.device("cpu")
        self._lengths: Array | None = None
        self._looked_up: tuple[Sequence[str], Array] = ((), np.zeros(0, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of the distinct contents' features as stored."""
        total = 0
        for rows in self._locations.values():
            count = np.bincount(rows.shard, minlength=len(rows.shards))
            per_row = [sum(array[:1].nbytes for array in shard.values()) for shard in rows.shards]
            total += int((count * np.array(per_row, dtype=np.int64)).sum())
        return total

    def kept_on(self, device: torch.device) -> int:
        """Bytes that are kept in the memory of ``device``."""
        if self._memory is None or self._device != device:
            return 0
        return sum(tensor.nbytes for tensor in self._memory.tensors().values())

    def rows(self, ids: Sequence[str], device: torch.device | str = "cpu") -> Features:
        """Features of B items in float32 on ``device``; KeyError for an item that is not in the table.

        Tokens are padded to the longest of these B, so the result does not depend on how they are stored.
        """
        return self._features(self._find(ids), device)

    def batches(
        self, ids: Sequence[str], batches: Sequence[Tensor], device: torch.device | str = "cpu"
    ) -> Iterator[Features]:
        """As :meth:`rows` for each batch of places in ``ids``, looked up once as long as they are the same."""
        if self._looked_up[0] is not ids:
            self._looked_up = ids, self._find(ids)
        slots, device = self._looked_up[1], torch.device(device)
        if batches and self._memory is not None and self._device == device:
            return self._kept(self._memory, slots, batches)
        if len(batches) < 2:
            return (self._features(slots[batch.numpy()], device) for batch in batches)
        gathers = (partial(self._features, slots[batch.numpy()], "cpu") for batch in batches)
        found = made_ahead(gathers, carrier_to(device))
        return found if device.type in ("cpu", "cuda") else (features.to(device) for features in found)

    def _find(self, ids: Sequence[str]) -> Array:
        return np.array([self._slots[name] for name in ids], dtype=np.int64)

    def _features(self, slots: Array, device: torch.device | str) -> Features:
        if self._memory is None:
            return _trim(self._gather(slots)).to(device)
        features = self._memory
        if self._lengths is not None:
            features = _cut(features, int(self._lengths[slots].max(initial=1)))
        found = _select(features, torch.from_numpy(slots).to(self._device))
        return found if torch.device(device) == self._device else found.to(device)

    def _kept(self, memory: Features, slots: Array, batches: Sequence[Tensor]) -> Iterator[Features]:
        """Of features that are on the device, where the places of all batches go at once: each copy would wait."""
        sizes = [len(batch) for batch in batches]
        rows = slots[torch.cat([*batches]).numpy()]
        places = torch.split(torch.from_numpy(rows).to(self._device), sizes)
        if self._lengths is None:
            return (_select(memory, place) for place in places)
        lengths = [int(part.max(initial=1)) for part in np.split(self._lengths[rows], np.cumsum(sizes)[:-1])]
        return (_select(_cut(memory, length), place) for place, length in zip(places, lengths, strict=True))

    def preload(self, device: torch.device | str = "cpu", max_bytes: int | None = None) -> bool:
        """Keep all features on ``device`` from now on if they take at most ``max_bytes``; return whether they do.

        The default is that of `preload_limit`. What a GPU has no room for is kept in the host's memory, if that has;
        otherwise features are read from their files, row by row.
        """
        device = torch.device(device)
        if self.nbytes > (preload_limit(device) if max_bytes is None else max_bytes):
            return device.type != "cpu" and max_bytes is None and self.preload("cpu")
        features = self._gather(np.arange(max(self._slots.values(), default=-1) + 1))
        self._lengths = None if features.mask is None else _lengths(features.mask)
        self._memory, self._device = features.to(device), device
        return True

    def _gather(self, slots: Array) -> Features:
        tensors: dict[str, Tensor] = {}
        for rows in self._locations.values():
            tensors |= _read(rows, slots)
        deepest_first = sorted((name for name in tensors if name.startswith("map")), key=lambda name: int(name[3:]))
        maps = [tensors.pop(name) for name in deepest_first]
        return Features.from_tensors(tensors | {f"map{i}": tensor for i, tensor in enumerate(reversed(maps))})


def _read(rows: RowLocations, slots: Array) -> dict[str, Tensor]:
    """Copy rows out of the shards; token sequences of different shards are padded to the longest."""
    where, row = rows.shard[slots], rows.row[slots]
    used = [(number, np.flatnonzero(where == number)) for number in np.unique(where)]
    parts = [({name: a[row[at]] for name, a in rows.shards[number].items()}, at) for number, at in used]
    out: dict[str, Array] = {}
    for part, at in parts:
        for name, values in part.items():
            if name not in out:
                shape = np.max([p[name].shape[1:] for p, _ in parts], axis=0).astype(int).tolist()
                out[name] = np.zeros((len(slots), *shape), values.dtype)
            inside: tuple[Any, ...] = (at, *(slice(size) for size in values.shape[1:]))
            out[name][inside] = values
    return {name: torch.from_numpy(array) for name, array in out.items()}


def _lengths(mask: Tensor) -> Array:
    """``[B]``: tokens up to the last real one."""
    length = mask.shape[1]
    last = mask.int() * torch.arange(1, length + 1, device=mask.device)
    return np.asarray(last.amax(dim=1).numpy() if length else np.zeros(len(mask), dtype=np.int64))


def _select(features: Features, rows: Tensor) -> Features:
    """Rows of every level; index_select copies whole rows, which indexing with [] does not."""
    return Features.from_tensors({name: one.index_select(0, rows) for name, one in features.tensors().items()})


def _trim(features: Features) -> Features:
    if features.mask is None or len(features.mask) == 0:
        return features
    return _cut(features, max(1, int(_lengths(features.mask).max())))


def _cut(features: Features, length: int) -> Features:
    if features.tokens is None or features.mask is None:
        return features
    short = {"tokens": features.tokens[:, :length], "mask": features.mask[:, :length]}
    return Features.from_tensors(features.tensors() | short)
