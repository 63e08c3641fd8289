"""`FeatureTable`: the cached features of a list of items, read row by row from memory-mapped files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cir_bench.features.shard import Array
from cir_bench.features.store import Rows
from cir_bench.interfaces.features import Features


class FeatureTable:
    """Features of n items at the levels they were asked for.

    Args:
        ids: image ids or texts, in the order asked for; repeats are fine.
        slots: ``[n]``, for each id the position of its content among the distinct items.
        found: for each column, where the rows of the distinct items are (none missing).
    """

    def __init__(self, ids: Sequence[str], slots: Array, found: Mapping[str, Rows]) -> None:
        self.ids = tuple(ids)
        self._slots = slots
        self._found = found
        self._position = {name: position for position, name in reversed(list(enumerate(self.ids)))}
        self._memory: Features | None = None
        self._device = torch.device("cpu")
        self._lengths: Array | None = None

    @classmethod
    def join(cls, tables: Sequence[FeatureTable]) -> FeatureTable:
        """One table over several (train and evaluation split); all with the same columns."""
        if len({table.columns for table in tables}) != 1:
            raise ValueError(f"tables of different columns cannot be joined: {[table.columns for table in tables]}")
        slots: list[Array] = []
        distinct = 0
        for table in tables:
            slots.append(table._slots + distinct)
            distinct += int(table._slots.max(initial=-1)) + 1
        found = {column: Rows.join([table._found[column] for table in tables]) for column in tables[0].columns}
        return cls([name for table in tables for name in table.ids], np.concatenate(slots), found)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> tuple[str, ...]:
        """What is stored for each item: pooled, tokens, map1 (the deepest) and so on."""
        return tuple(self._found)

    @property
    def nbytes(self) -> int:
        """Bytes of the distinct items' features as stored."""
        total = 0
        for rows in self._found.values():
            count = np.bincount(rows.shard, minlength=len(rows.shards))
            per_row = [sum(a[:1].nbytes for a in shard.arrays.values()) for shard in rows.shards]
            total += int((count * np.array(per_row, dtype=np.int64)).sum())
        return total

    def index(self, ids: Sequence[str]) -> Tensor:
        """Positions ``[B]`` of ``ids`` in this table; KeyError for an id that was not asked for."""
        return torch.tensor([self._position[name] for name in ids], dtype=torch.long)

    def rows(self, which: Sequence[str] | Sequence[int] | Tensor, device: torch.device | str = "cpu") -> Features:
        """Features of B items, by id or by position, on ``device``, in float32 whatever they are stored in.

        Tokens are padded to the longest of these B, so the result does not depend on how they lie in the files.
        """
        index = which if isinstance(which, Tensor) else self._as_index(which)
        slots = self._slots[index.cpu().numpy()]
        if self._memory is None:
            return _trim(self._gather(slots)).to(device).to(dtype=torch.float32)
        features = self._memory[torch.from_numpy(slots).to(self._device)]
        if self._lengths is not None:
            features = _cut(features, int(self._lengths[slots].max(initial=1)))
        return features.to(device).to(dtype=torch.float32)

    def preload(self, device: torch.device | str = "cpu", max_bytes: int | None = None) -> bool:
        """Keep all features on ``device`` from now on, if they have at most ``max_bytes``; returns whether they do."""
        if max_bytes is not None and self.nbytes > max_bytes:
            return False
        features = self._gather(np.arange(int(self._slots.max(initial=-1)) + 1))
        self._lengths = None if features.mask is None else _lengths(features.mask)
        self._memory, self._device = features.to(device), torch.device(device)
        return True

    def _as_index(self, which: Sequence[str] | Sequence[int]) -> Tensor:
        names = [name for name in which if isinstance(name, str)]
        return self.index(names) if names else torch.as_tensor(np.asarray(which, dtype=np.int64))

    def _gather(self, slots: Array) -> Features:
        tensors: dict[str, Tensor] = {}
        for rows in self._found.values():
            tensors |= _read(rows, slots)
        deepest_first = sorted((name for name in tensors if name.startswith("map")), key=lambda name: int(name[3:]))
        maps = [tensors.pop(name) for name in deepest_first]
        return Features.from_tensors(tensors | {f"map{i}": tensor for i, tensor in enumerate(reversed(maps))})


def _read(rows: Rows, slots: Array) -> dict[str, Tensor]:
    """Copy rows out of the shards; token sequences of different shards are padded to the longest."""
    where, row = rows.shard[slots], rows.row[slots]
    used = [(number, np.flatnonzero(where == number)) for number in np.unique(where)]
    parts = [({name: a[row[at]] for name, a in rows.shards[number].arrays.items()}, at) for number, at in used]
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


def _trim(features: Features) -> Features:
    if features.mask is None or len(features.mask) == 0:
        return features
    return _cut(features, max(1, int(_lengths(features.mask).max())))


def _cut(features: Features, length: int) -> Features:
    if features.tokens is None or features.mask is None:
        return features
    short = {"tokens": features.tokens[:, :length], "mask": features.mask[:, :length]}
    return Features.from_tensors(features.tensors() | short)
