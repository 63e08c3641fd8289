"""Encode what a store lacks and write it shard by shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import torch

from cir_bench.features.extract import checked, evaluating
from cir_bench.features.request import FeatureRequest
from cir_bench.features.store import RowLocations, Store
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.ranks.group import ALONE, Ranks

SHARD_ITEMS = 4096
SHARD_BYTES = 128 << 20
"""A shard is written when it has this many items or bytes; a kill loses no more than that."""

Progress = Callable[[int, int, frozenset[FeatureLevel]], None]
"""Called with (items encoded so far, items to encode, the levels that are stored)."""


def no_progress(done: int, total: int, levels: frozenset[FeatureLevel]) -> None:
    """Nobody is told."""


def fill(
    request: FeatureRequest,
    store: Store,
    found: Mapping[str, RowLocations],
    progress: Progress,
    ranks: Ranks = ALONE,
) -> None:
    """Encode the items that lack any of the request's columns, at every column of ``found`` that they lack.

    Further columns in ``found`` are those that others will ask for. The caller holds the store's lock.

    Shards end where batches end, and so do the shares of several ``ranks``. After a kill, the same items are therefore
    in the same batches again, and the features are bit for bit those of an uninterrupted run by one process (on a GPU,
    if it has as much memory free: that decides how large batches are).
    ``progress`` is called before the first batch and after every batch, with this rank's items.
    """
    first = {item: len(request.digests) - 1 - back for back, item in enumerate(reversed(request.digests))}
    items = list(dict.fromkeys(request.digests))
    groups: dict[tuple[str, ...], list[str]] = {}
    for slot, item in enumerate(items):
        lacks = tuple(column for column, rows in found.items() if rows.missing[slot])
        if not set(request.columns).isdisjoint(lacks):
            groups.setdefault(lacks, []).append(item)
    groups = {
        columns: _share(sorted(group, key=lambda item: request.order(first[item])), request.batch_size, ranks)
        for columns, group in groups.items()
    }
    total, done, all_levels = sum(map(len, groups.values())), 0, _levels(chain.from_iterable(groups))
    progress(0, total, all_levels)
    for columns, chosen in groups.items():
        levels = _levels(columns)
        buffer = _Buffer(request, store, columns, chosen, ranks)
        with evaluating(request.encoder):
            for count, features in request.encode([first[item] for item in chosen], levels):
                buffer.add(checked(features, count, levels, request.identity.encoder))
                done += count
                progress(done, total, all_levels)
        buffer.flush()


def _share(items: Sequence[str], batch_size: int, ranks: Ranks) -> list[str]:
    """This rank's items, in whole batches."""
    batches = ranks.share(-(-len(items) // batch_size))
    return list(items[batches.start * batch_size : batches.stop * batch_size])


def _levels(columns: Iterable[str]) -> frozenset[FeatureLevel]:
    return frozenset(FeatureLevel("maps" if column.startswith("map") else column) for column in columns)


class _Buffer:
    """Collects batches until they fill a shard."""

    def __init__(
        self, request: FeatureRequest, store: Store, columns: Sequence[str], items: Sequence[str], ranks: Ranks
    ) -> None:
        self.store, self.scope, self.columns, self.items, self.ranks = store, request.scope, columns, items, ranks
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
            self.store.append(self.scope, column, items, arrays, self.ranks)
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
