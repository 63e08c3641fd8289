"""`FeatureTables`: cached features of the run's encoders; frozen ones share their tables between cells."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from cir_bench.features.cache import FeatureCache, MissingFeatures
from cir_bench.features.cached import CachedSource
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.events import WorkProgress
from cir_bench.plugin.registry import blame
from cir_bench.runs.cell import Cell
from cir_bench.runs.cell_data import SplitItems
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.keys import TablesKey, WeightsKey
from cir_bench.runs.shared import Lifetimes, Shared

Announce = Callable[[WorkProgress], None]
"""Hears how far an extraction is."""
TablesByItems = dict[str, FeatureTable]
"""Tables by a digest of their items: seeds usually need the same ones, but not when triplets are drawn."""


class FeatureTables:
    """The feature tables of the planned cells.

    Args:
        lifetimes: of what cells share.
        datasets: open the images.
        encoders: the frozen encoders.
        folder: of the feature cache.
        device: where tables are kept that are small enough.
        workers: processes that decode images.
    """

    def __init__(
        self,
        lifetimes: Lifetimes,
        datasets: DataSets,
        encoders: Encoders,
        *,
        folder: Path,
        device: torch.device,
        workers: int,
    ) -> None:
        self._datasets, self._encoders = datasets, encoders
        self._folder, self._device, self._workers = folder, device, workers
        self._caches: Shared[WeightsKey, FeatureCache] = lifetimes.shared(lambda cell: [WeightsKey.of(cell)])
        self._images: Shared[TablesKey, TablesByItems] = lifetimes.shared(partial(_keys, TablesKey.of_images))
        self._texts: Shared[TablesKey, TablesByItems] = lifetimes.shared(partial(_keys, TablesKey.of_texts))

    def source(self, cell: Cell, items: SplitItems, announce: Announce) -> CachedSource:
        """Features of ``items`` by the cell's frozen encoder, encoding what the cache lacks."""
        encoder, cache = self._encoders.frozen(cell), self._cache(cell)
        images = self._images.get(TablesKey.of_images(cell, items.split), dict)
        texts = self._texts.get(TablesKey.of_texts(cell, items.split), dict)
        return CachedSource(
            _once(images, items.images, lambda: self._image_table(cell, encoder, items, cache, announce)),
            _once(texts, items.texts, lambda: self._text_table(cell, encoder, items, cache, announce)),
            self._device,
        )

    def extract(
        self, cell: Cell, encoder: Encoder, items: SplitItems, cache: FeatureCache, announce: Announce
    ) -> CachedSource:
        """Features of ``items`` by an encoder of the cell's own, which no other cell shares."""
        return CachedSource(
            self._image_table(cell, encoder, items, cache, announce),
            self._text_table(cell, encoder, items, cache, announce),
            self._device,
        )

    def missing(self, cell: Cell, items: SplitItems) -> dict[str, MissingFeatures]:
        """What :meth:`source` would encode, by role; nothing is encoded."""
        name, encoder, needs = cell.key.encoder, self._encoders.frozen(cell), cell.needs
        scope, cache = (cell.key.benchmark, items.split), self._cache(cell)
        refs = [self._datasets.ref(cell, image) for image in items.images]
        return {
            "image": cache.missing_images(name, encoder, refs, needs.image, scope=scope, map_levels=needs.map_levels),
            "text": cache.missing_texts(name, encoder, items.texts, needs.text, scope=scope),
        }

    def _cache(self, cell: Cell) -> FeatureCache:
        return self._caches.get(WeightsKey.of(cell), lambda: FeatureCache(self._folder))

    def _image_table(
        self, cell: Cell, encoder: Encoder, items: SplitItems, cache: FeatureCache, announce: Announce
    ) -> FeatureTable:
        with blame(cell.encoder, "extracting image features"):
            table = cache.image_features(
                cell.key.encoder,
                encoder,
                [self._datasets.ref(cell, image) for image in items.images],
                cell.needs.image,
                scope=(cell.key.benchmark, items.split),
                map_levels=cell.needs.map_levels,
                workers=self._workers,
                progress=_progress(cell, f"images of {cell.key.benchmark} ({items.split})", announce),
            )
        table.preload(self._device)
        return table

    def _text_table(
        self, cell: Cell, encoder: Encoder, items: SplitItems, cache: FeatureCache, announce: Announce
    ) -> FeatureTable:
        with blame(cell.encoder, "extracting text features"):
            table = cache.text_features(
                cell.key.encoder,
                encoder,
                items.texts,
                cell.needs.text,
                scope=(cell.key.benchmark, items.split),
                progress=_progress(cell, f"texts of {cell.key.benchmark} ({items.split})", announce),
            )
        table.preload(self._device)
        return table


def _keys(of: Callable[[Cell, str], TablesKey], cell: Cell) -> list[TablesKey]:
    return [of(cell, split) for split in (cell.protocol.split, "train")]


def _once(tables: TablesByItems, items: Sequence[str], make: Callable[[], FeatureTable]) -> FeatureTable:
    digest = hashlib.sha256("\x1f".join(items).encode()).hexdigest()
    if digest not in tables:
        tables[digest] = make()
    return tables[digest]


def _progress(cell: Cell, detail: str, announce: Announce) -> Callable[[int, int], None]:
    return lambda done, total: announce(WorkProgress(cell.key, "extracting features", detail, done, total))
