"""Encode what a store lacks and write it shard by shard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from cir_bench.features.extract import checked, evaluating
from cir_bench.features.identity import Role
from cir_bench.features.store import RowLocations, Scope, Store
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import FeatureLevel

SHARD_ITEMS = 4096
SHARD_BYTES = 128 << 20
"""A shard is written when it has this many items or bytes; a kill loses no more than that."""

Progress = Callable[[int, int], None]
"""Called with (items encoded so far, items to encode)."""

Encode = Callable[[Sequence[int], frozenset[FeatureLevel]], Iterator[Features]]
"""Features of the items at some positions of the caller's list, in batches, in order."""


def no_progress(done: int, total: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Job:
    """What to encode, with which encoder, and where to write it."""

    name: str
    encoder: Encoder
    role: Role
    scope: Scope
    encode: Encode
    batch_size: int
    progress: Progress
    order: Callable[[int], int] = field(default=lambda position: 0)
    """Sort key of a position; texts are encoded in order of length, so that little is padded."""


def fill(
    job: Job, store: Store, items: Sequence[str], positions: Sequence[int], found: Mapping[str, RowLocations]
) -> None:
    """Encode every item at the columns it lacks. The caller holds the store's lock.

    Shards end where batches end. After a kill, the same items are therefore in the same batches again, and the features
    are bit for bit those of an uninterrupted run.

    Args:
        job: what to encode.
        store: where the features go.
        items: distinct digests.
        positions: for each item, a position in the caller's list.
        found: for each column asked for, what the store already has.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    lacking = {column: rows.missing for column, rows in found.items()}
    for slot in range(len(items)):
        if lacks := tuple(column for column, missing in lacking.items() if missing[slot]):
            groups.setdefault(lacks, []).append(slot)
    total, done = sum(map(len, groups.values())), 0
    job.progress(0, total)
    for columns, unordered in groups.items():
        slots = sorted(unordered, key=lambda slot: job.order(positions[slot]))
        levels = frozenset(FeatureLevel("maps" if c.startswith("map") else c) for c in columns)
        buffer = _Buffer(job, store, columns, [items[slot] for slot in slots])
        with evaluating(job.encoder):
            for features in job.encode([positions[slot] for slot in slots], levels):
                count = min(job.batch_size, len(slots) - buffer.seen)
                buffer.add(checked(features, count, levels, job.name))
                done += count
                job.progress(done, total)
        buffer.flush()


class _Buffer:
    """Collects batches until they fill a shard."""

    def __init__(self, job: Job, store: Store, columns: Sequence[str], items: Sequence[str]) -> None:
        self.job, self.store, self.columns, self.items = job, store, columns, items
        self.seen = 0
        self._written = 0
        self._parts: list[Features] = []
        self._bytes = 0

    def add(self, features: Features) -> None:
        kept = _only(features, self.columns)
        self._parts.append(kept)
        self._bytes += sum(tensor.nbytes for tensor in kept.tensors().values())
        self.seen += len(kept)
        if self.seen - self._written >= SHARD_ITEMS or self._bytes >= SHARD_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self._parts:
            return
        features = Features.cat(self._parts)
        items = self.items[self._written : self.seen]
        for column in self.columns:
            arrays = {name: tensor.numpy() for name, tensor in _tensors(features, column).items()}
            self.store.append(self.job.scope, column, items, arrays)
        self._written, self._parts, self._bytes = self.seen, [], 0


def _only(features: Features, columns: Sequence[str]) -> Features:
    """The levels that ``columns`` are taken from."""
    depth = max((int(column[3:]) for column in columns if column.startswith("map")), default=0)
    return Features(
        pooled=features.pooled if "pooled" in columns else None,
        tokens=features.tokens if "tokens" in columns else None,
        mask=features.mask if "tokens" in columns else None,
        maps=features.need_maps(depth) if depth else (),
    )


def _tensors(features: Features, column: str) -> dict[str, torch.Tensor]:
    """The tensors of one column by name; ``map1`` is the deepest map."""
    if column.startswith("map"):
        return {column: features.maps[-int(column[3:])]}
    if column == "tokens":
        tokens, mask = features.need_tokens()
        return {"tokens": tokens, "mask": mask}
    return {"pooled": features.need_pooled()}
