"""The feature source of each stage of a cell: cached while the encoder is frozen, live while it is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cir_bench.features.cache import FeatureCache
from cir_bench.features.cached import CachedSource
from cir_bench.features.live import MAIN, ItemMemory, LiveSource
from cir_bench.features.source import FeatureSource
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.runs.cell import Cell
from cir_bench.runs.workbench import Workbench


class CellSources:
    """Where a cell's features come from, as its encoders change.

    Args:
        cell: the cell.
        bench: shared frozen features.
        encoders: the cell's own encoder copies by branch; empty when no stage trains the encoder.
        scratch: folder for features of encoders that this cell fine-tuned and then froze; nobody else can use them.
    """

    def __init__(self, cell: Cell, bench: Workbench, encoders: Mapping[str, Encoder], scratch: Path) -> None:
        self._cell, self._bench, self._encoders = cell, bench, dict(encoders)
        self._scratch = FeatureCache(scratch)
        self._memory = ItemMemory()

    def for_stage(self, trains_encoder: bool, encoders_changed: bool) -> FeatureSource:
        """Features for training in a stage; once a stage trained the encoders, later ones see what became of them."""
        if trains_encoder:
            return self._live()
        if not encoders_changed:
            return self._bench.train_source(self._cell)
        images, texts = self._bench.train_items(self._cell)
        return self._refrozen(images, texts, "train")

    def for_evaluation(self, encoders_changed: bool) -> FeatureSource:
        """Features of the evaluation, by the encoders as they are now."""
        return self._live() if encoders_changed else self._bench.eval_source(self._cell)

    def _live(self) -> FeatureSource:
        needs = self._cell.needs
        return LiveSource(
            self._encoders,
            lambda image: self._bench.refs(self._cell, [image])[0],
            needs.image,
            needs.text,
            memory=self._memory,
            workers=self._bench.workers,
        )

    def _refrozen(self, images: Sequence[str], texts: Sequence[str], split: str) -> FeatureSource:
        made = {
            branch: CachedSource(
                self._bench.image_table(self._cell, encoder, images, split, self._scratch),
                self._bench.text_table(self._cell, encoder, texts, split, self._scratch),
                self._bench.device,
            )
            for branch, encoder in self._encoders.items()
        }
        return made[MAIN] if list(made) == [MAIN] else _Branched(made)


class _Branched:
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
