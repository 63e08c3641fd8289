"""`CellSources`: a cell's features in each stage, cached while its encoder is frozen and live while it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cir_bench.features.cache import FeatureCache
from cir_bench.features.chunks import Chunks
from cir_bench.features.live import ItemMemory, LiveSource
from cir_bench.features.source import MAIN, FeatureSource
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.events import Announce
from cir_bench.runs.cell import Cell
from cir_bench.runs.workbench import Workbench


class CellSources:
    """Where a cell's features come from, as its own encoder copies change (none if no stage trains the encoder).

    ``scratch`` is for features of those copies once they are trained and frozen; no other cell can use them.
    """

    def __init__(
        self,
        cell: Cell,
        bench: Workbench,
        encoders: Mapping[str, Encoder],
        scratch: Path,
        announce: Announce,
        chunks: Chunks | None = None,
    ) -> None:
        self._cell, self._bench, self._encoders = cell, bench, dict(encoders)
        self._scratch, self._announce = FeatureCache(scratch, bench.ranks), announce
        self._memory = ItemMemory()
        self.chunks = chunks or Chunks()
        """How many items the cell's encoders read at a time while they are trained, and afterwards."""

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> FeatureSource:
        """Features for training in a stage; once a stage has trained the encoders, later ones use the result."""
        if trains_encoder:
            return self.live()
        items = self._bench.data.train_items(self._cell)
        if not encoders_changed:
            return self._bench.tables.source(self._cell, items, self._announce)
        return self._bench.tables.extract(self._cell, self._encoders, items, self._scratch, self._announce)

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
            self._bench.datasets.refs(self._cell),
            needs.image,
            needs.text,
            needs.joint,
            memory=self._memory,
            chunks=self.chunks,
            workers=self._bench.workers,
            ranks=self._bench.ranks,
        )
