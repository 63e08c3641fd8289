"""`FeatureTables`: cached features of the run's encoders; frozen ones share their tables between cells."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import torch

from cir_bench.features.cache import FeatureCache, MissingFeatures
from cir_bench.features.identity import Role, parts_of_pair
from cir_bench.features.jpeg import JpegDecoder, chosen
from cir_bench.features.names import NameSource
from cir_bench.features.request import FeatureRequest
from cir_bench.features.sizes import BatchSizes
from cir_bench.features.source import MAIN, CachedSource, FeatureSource, Tables
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.cell_key import CellKey
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.events import Announce, WorkProgress
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.plugin.registry import blame
from cir_bench.ranks.group import Ranks
from cir_bench.runs import keys
from cir_bench.runs.ahead import columns_ahead
from cir_bench.runs.cell import Cell
from cir_bench.runs.cell_data import SplitItems
from cir_bench.runs.costs import CostFile, ExtractionCost
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.device import device_name
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.shared import Lifetimes, Shared

ROLES: tuple[Role, ...] = get_args(Role)


def roles_of(cell: Cell) -> tuple[Role, ...]:
    """The kinds of items of which a cell reads features."""
    if not cell.needs.features:
        return ()
    return ROLES if cell.needs.joint else ROLES[:2]


class FeatureTables:
    """The feature tables of cells, from the cache in ``folder``; what has room there is kept on ``device``."""

    def __init__(
        self,
        lifetimes: Lifetimes,
        datasets: DataSets,
        encoders: Encoders,
        folder: Path,
        device: torch.device,
        workers: int,
        ranks: Ranks,
        costs: CostFile,
        sizes: BatchSizes,
        decoder: JpegDecoder | None,
    ) -> None:
        self._ranks, self._costs, self._sizes = ranks, costs, sizes
        self._lifetimes, self._datasets, self._encoders = lifetimes, datasets, encoders
        self._device, self._workers, self._decoder = device, workers, decoder
        self._decoders: dict[CellKey, dict[str, str]] = {}
        self._cache = lifetimes.one(keys.of_weights, lambda cell: FeatureCache(folder, ranks))
        # by a digest of their items: seeds mostly need the same ones, but not when triplets are drawn
        self._tables: Shared[dict[str, FeatureTable]] = lifetimes.shared(
            lambda c: [keys.of_tables(c, split, role) for split in (c.protocol.split, "train") for role in ROLES]
        )

    def source(self, cell: Cell, items: SplitItems, announce: Announce) -> FeatureSource:
        """Features of ``items`` by the cell's frozen encoder, encoding what the cache lacks.

        What later cells of the plan read of the same items is extracted along with it, so that each is encoded once.
        A method that reads no features gets names.
        """
        if not cell.needs.features:
            return NameSource(self._device)
        encoder, cache = self._encoders.frozen(cell), self._cache(cell)

        def shared(role: Role) -> FeatureTable:
            tables = self._tables.get(keys.of_tables(cell, items.split, role), dict)
            decoder = self._decoder_of(cell, role)
            content = (decoder.name if decoder else "", *items.of(role))
            digest = hashlib.sha256("\x1f".join(content).encode()).hexdigest()
            if digest not in tables:
                decoder = decoder and self._agreeing(decoder, cell, encoder, items, cache)
                also = partial(columns_ahead, cell, items.split, role, self._lifetimes, self._datasets)
                tables[digest] = self._table(cell, encoder, items, role, cache, announce, also, decoder)
            if tables[digest].decoder:
                self._decoders.setdefault(cell.key, {})[items.split] = tables[digest].decoder
            return tables[digest]

        return CachedSource({MAIN: Tables(*map(shared, roles_of(cell)))}, self._device)

    def extract(
        self, cell: Cell, encoders: Mapping[str, Encoder], items: SplitItems, cache: FeatureCache, announce: Announce
    ) -> CachedSource:
        """Features of ``items`` by encoders of the cell's own, by branch; no other cell shares them."""
        tables = {
            branch: Tables(*(self._table(cell, encoder, items, role, cache, announce) for role in roles_of(cell)))
            for branch, encoder in encoders.items()
        }
        return CachedSource(tables, self._device)

    def decoders(self, cell: Cell) -> dict[str, str]:
        """By split, what decoded the JPEG files of the features that the cell has read, where it was not Pillow."""
        return dict(self._decoders.get(cell.key, {}))

    def _decoder_of(self, cell: Cell, role: Role) -> JpegDecoder | None:
        """None if Pillow decodes: the training of an encoder reads its pixels, so other stages of the cell do, too."""
        return None if role != "image" or cell.has_trained_encoder else self._decoder

    def _agreeing(
        self, decoder: JpegDecoder, cell: Cell, encoder: Encoder, items: SplitItems, cache: FeatureCache
    ) -> JpegDecoder | None:
        """``decoder``, if it makes the features that Pillow's pixels make; None: Pillow does."""
        with blame(cell.encoder, "decoding JPEG files on the device"):
            if not cache.missing(self._request(cell, encoder, items, "image", decoder)).items:
                return decoder
            refs = [*map(self._datasets.refs(cell), items.images)]
            return decoder if chosen(decoder, cell.key.encoder, encoder, refs, cell.needs.image) else None

    @property
    def nbytes(self) -> int:
        """Bytes of the shared tables that are in the memory of the device."""
        return sum(table.kept_on(self._device) for tables in self._tables.held() for table in tables.values())

    def missing(self, cell: Cell, items: SplitItems) -> dict[Role, MissingFeatures]:
        """What :meth:`source` would encode; nothing is encoded."""
        encoder, cache = self._encoders.frozen(cell), self._cache(cell)
        return {
            role: cache.missing(self._request(cell, encoder, items, role, self._decoder_of(cell, role)))
            for role in roles_of(cell)
        }

    def _request(
        self, cell: Cell, encoder: Encoder, items: SplitItems, role: Role, decoder: JpegDecoder | None = None
    ) -> FeatureRequest:
        name, scope = cell.key.encoder, (cell.key.benchmark, items.split)
        if role == "text":
            return FeatureRequest.of_texts(name, encoder, items.texts, cell.needs, scope, self._sizes)
        ref = self._datasets.refs(cell)
        if role == "pair":
            pairs = [(ref(image), text) for image, text in map(parts_of_pair, items.pairs)]
            return FeatureRequest.of_pairs(name, encoder, pairs, cell.needs, scope, self._workers, self._sizes)
        refs = [*map(ref, items.images)]
        how = self._workers, self._sizes, decoder
        request = FeatureRequest.of_images(name, encoder, refs, cell.needs, scope, *how)
        return replace(request, ids=items.images)  # those of another data set are marked as such

    def _table(
        self,
        cell: Cell,
        encoder: Encoder,
        items: SplitItems,
        role: Role,
        cache: FeatureCache,
        announce: Announce,
        also: Callable[[], Iterable[str]] = tuple,
        decoder: JpegDecoder | None = None,
    ) -> FeatureTable:
        began, encoded, found = time.perf_counter(), 0, frozenset[FeatureLevel]()

        def progress(done: int, total: int, levels: frozenset[FeatureLevel]) -> None:
            nonlocal encoded, found
            encoded, found = done, levels
            detail = f"{role}s of {cell.key.benchmark} ({items.split}): {', '.join(sorted(map(str, levels)))}"
            announce(WorkProgress(cell.key, "extracting features", detail, done, total))

        with blame(cell.encoder, f"extracting {role} features"):
            table = cache.table(self._request(cell, encoder, items, role, decoder), progress, also)
        if encoded and self._ranks.size == 1:
            self._timed(cell, role, found, encoded, time.perf_counter() - began)
        table.preload(self._device)
        return table

    def _timed(self, cell: Cell, role: Role, levels: frozenset[FeatureLevel], items: int, seconds: float) -> None:
        cost = ExtractionCost(
            encoder=cell.key.encoder,
            role=role,
            levels=tuple(sorted(map(str, levels))),
            device=device_name(self._device),
            threads=torch.get_num_threads(),
            items=items,
            seconds=seconds,
        )
        self._costs.add(cost)
