"""`CellSources`: a cell's features in each stage, cached while its encoder is frozen and live while it is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cir_bench.features.cache import FeatureCache
from cir_bench.features.live import MAIN, ItemMemory, LiveSource
from cir_bench.features.source import FeatureSource
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.runs.cell import Cell
from cir_bench.runs.tables import Announce
from cir_bench.runs.workbench import Workbench


class CellSources:
    """Where a cell's features come from, as its encoders change.

    Args:
        cell: the cell.
        bench: frozen features, and the images.
        encoders: the cell's own encoder copies by branch; empty when no stage trains the encoder.
        scratch: folder for features of encoders that this cell trained and then froze; no other cell can use them.
        announce: hears how far an extraction is.
    """

    def __init__(
        self, cell: Cell, bench: Workbench, encoders: Mapping[str, Encoder], scratch: Path, announce: Announce
    ) -> None:
        self._cell, self._bench, self._encoders = cell, bench, dict(encoders)
        self._scratch, self._announce = FeatureCache(scratch), announce
        self._memory = ItemMemory()

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> FeatureSource:
        """Features for training in a stage; once a stage has trained the encoders, later ones use the result."""
        if trains_encoder:
            return self.live()
        items = self._bench.data.train_items(self._cell)
        if not encoders_changed:
            return self._bench.tables.source(self._cell, items, self._announce)
        frozen = {
            branch: self._bench.tables.extract(self._cell, encoder, items, self._scratch, self._announce)
            for branch, encoder in self._encoders.items()
        }
        return frozen[MAIN] if list(frozen) == [MAIN] else _BranchedSource(frozen)

    def for_evaluation(self, encoders_changed: bool) -> FeatureSource:
        """Features of the evaluation, by the encoders as they are now."""
        if encoders_changed:
            return self.live()
        items = self._bench.data.evaluation_items(self._cell)
        return self._bench.tables.source(self._cell, items, self._announce)

    def live(self) -> LiveSource:
        """Features encoded when they are asked for, by the cell's own encoders or the frozen one."""
        needs = self._cell.needs
        return LiveSource(
            self._encoders or {MAIN: self._bench.encoders.frozen(self._cell)},
            lambda image: self._bench.datasets.ref(self._cell, image),
            needs.image,
            needs.text,
            memory=self._memory,
            workers=self._bench.workers,
        )


class _BranchedSource:
    """Frozen features of several encoder copies."""

    def __init__(self, sources: Mapping[str, FeatureSource]) -> None:
        self._sources = sources

    def images(self, ids: Sequence[str]) -> Features:
        """Features of images, branch by branch."""
        return Features(branches={name: source.images(ids) for name, source in self._sources.items()})

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of each batch, branch by branch."""
        return map(self.images, batches)

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of texts, branch by branch."""
        return Features(branches={name: source.texts(texts) for name, source in self._sources.items()})
