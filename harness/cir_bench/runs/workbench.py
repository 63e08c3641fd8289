"""What several cells of one process share: data sets, frozen encoders, evaluations and feature tables, made once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from cir_bench.errors import CirBenchError, DataError, without_locals
from cir_bench.features.cache import FeatureCache, MissingFeatures
from cir_bench.features.cached import CachedSource
from cir_bench.features.source import FeatureSource
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.dataset import Dataset, ImageRef
from cir_bench.interfaces.encoder import Encoder, TrainCorpus
from cir_bench.interfaces.specs import Context, DatasetSpec
from cir_bench.params.models import Params
from cir_bench.plugin.registry import Registered, blame, create
from cir_bench.protocols.build import check_headline, eval_set, provenance_of
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.runs.cell import Cell
from cir_bench.runs.descriptions import descriptions, of_descriptions, own_name
from cir_bench.runs.readable import There
from cir_bench.runs.train_data import TrainData, gather, train_set
from cir_bench.training.batches import TrainSet

FeatureProgress = Callable[[str, int, int], None]
"""Told (what, done, total) while features are extracted."""


@dataclass
class Workbench:
    """Makes and keeps what cells share.

    Args:
        data_root: holds one folder per data set.
        cache_dir: features and other derived files.
        device: where encoders and tables go.
        workers: processes that decode images.
        progress: told about feature extraction.
    """

    data_root: Path | None
    cache_dir: Path
    device: torch.device
    allow_partial: bool = False
    workers: int = 0
    progress: FeatureProgress = lambda what, done, total: None
    _made: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cache = FeatureCache(self.cache_dir / "features")

    def dataset(self, cell: Cell) -> Dataset:
        """The cell's data set."""
        return self._dataset(cell.dataset, cell.dataset_params)

    def described_dataset(self, cell: Cell) -> Dataset:
        """The data set whose descriptions the cell trains on: its own, or the one that its method names."""
        return self._dataset(*cell.described) if cell.described else self.dataset(cell)

    def _dataset(self, registered: Registered[DatasetSpec], params: Params) -> Dataset:
        key = ("dataset", registered.name, params.model_dump_json())
        return cast(Dataset, self._once(key, lambda: self._new_dataset(registered, params)))

    def _new_dataset(self, registered: Registered[DatasetSpec], params: Params) -> Dataset:
        if registered.spec.needs_root and self.data_root is None:
            raise DataError(
                f"the data set {registered.name!r} is read from a folder of yours: "
                "name the folder that holds it with --data-root DIR (or CIR_BENCH_DATA)."
            )
        context = Context(data_root=self.data_root, cache_dir=self.cache_dir, dataset=registered.name)
        return cast(Dataset, create(registered, params, context))

    def provenance(self, cell: Cell) -> Mapping[str, str]:
        """Facts of the data that the cell reads, computed once."""
        key = ("provenance", *_dataset_key(cell), cell.protocol.hash())
        return cast(Mapping[str, str], self._once(key, lambda: provenance_of(self.dataset(cell), cell.protocol)))

    def frozen_encoder(self, cell: Cell) -> Encoder:
        """The cell's encoder as it comes, shared and never to be trained.

        One that cannot be had is asked for once: looking for weights on a network that is not there takes its time.
        """
        seed = 0 if cell.provides.pretrained else cell.key.seed
        key = ("encoder", *_encoder_key(cell), seed)

        def make() -> Encoder | CirBenchError:
            try:
                return self.new_encoder(cell, seed).requires_grad_(False)
            except CirBenchError as error:
                without_locals(error)
                return error

        made = self._once(key, make)
        if isinstance(made, CirBenchError):
            raise made
        return cast(Encoder, made)

    def new_encoder(self, cell: Cell, seed: int) -> Encoder:
        """A fresh copy of the cell's encoder, fitted to the train split's texts, in evaluation mode on the device."""
        context = Context(data_root=self.data_root, cache_dir=self.cache_dir, dataset=cell.dataset.name, seed=seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder = cast(Encoder, create(cell.encoder, cell.encoder_params, context))
            if type(encoder).fit is not Encoder.fit:  # gathering the texts takes long where descriptions are made up
                with blame(cell.encoder, "fitting it to the train split's texts"):
                    encoder.fit(TrainCorpus(self._corpus(cell)))
        return encoder.to(self.device).eval()

    def weights_digest(self, cell: Cell) -> str:
        """Digest of the frozen encoder's weights, computed once."""
        encoder = self.frozen_encoder(cell)
        return cast(str, self._once(("digest", id(encoder)), encoder.weights_digest))

    def evaluation(self, cell: Cell) -> EvalSet:
        """The cell's evaluation; `DataError` when images are missing and partial runs are not allowed."""
        key = ("evaluation", *_dataset_key(cell), cell.protocol.hash(), *_encoder_key(cell))

        def make() -> EvalSet:
            dataset, there = self.dataset(cell), self._there(cell)
            check_headline(dataset, cell.protocol)
            there.ask(eval_set(dataset, cell.protocol).images())
            return eval_set(dataset, cell.protocol, there, allow_partial=self.allow_partial)

        return cast(EvalSet, self._once(key, make))

    def train_data(self, cell: Cell) -> TrainData:
        """Triplets, their texts, and the held-out part, by the cell's selection settings and seed."""
        selection = cell.method_params.selection
        key = (
            "train",
            *_dataset_key(cell),
            *_encoder_key(cell),
            cell.protocol.hash(),
            selection.on,
            selection.fraction,
            selection.max_queries,
            cell.key.seed,
            cell.needs.side_text,
        )

        def make() -> TrainData:
            dataset, there = self.dataset(cell), self._there(cell)
            there.ask(dataset.train_images())
            return gather(cell, dataset, there, lambda: self.evaluation(cell), allow_partial=self.allow_partial)

        return cast(TrainData, self._once(key, make))

    def description_set(self, cell: Cell) -> TrainSet:
        """Images with their own descriptions, for stages on them (`TrainStage.descriptions`)."""
        there = self._there(cell)
        return of_descriptions(cell, self._descriptions(cell), there, allow_partial=self.allow_partial)

    def _descriptions(self, cell: Cell) -> Mapping[str, str]:
        """Description by image, of the train split of the data set that has them."""
        dataset = self.described_dataset(cell)
        key = ("descriptions", *_dataset_key(cell), *_described_key(cell))
        return cast(Mapping[str, str], self._once(key, lambda: descriptions(dataset, borrowed=bool(cell.described))))

    def _corpus(self, cell: Cell) -> Sequence[str]:
        """Every text of the train split, sorted, without repeats."""
        key = ("corpus", *_dataset_key(cell), *_described_key(cell), cell.protocol.hash())

        def make() -> Sequence[str]:
            dataset = self.dataset(cell)
            triplets = dataset.train()
            texts = {text for texts in train_set(cell, dataset, triplets).texts for text in texts}
            own = descriptions(dataset, borrowed=False).values()
            return sorted({*texts, *own, *(self._descriptions(cell).values() if cell.described else ())})

        return cast(Sequence[str], self._once(key, make))

    def eval_source(self, cell: Cell) -> FeatureSource:
        """Frozen features of the evaluation's images and texts."""
        evaluation = self.evaluation(cell)
        return self._source(cell, evaluation.images(), evaluation.texts(), cell.protocol.split)

    def train_source(self, cell: Cell) -> FeatureSource:
        """Frozen features of the train split's images and texts, the held-out part's included."""
        return self._source(cell, *self.train_items(cell), "train")

    def train_items(self, cell: Cell) -> tuple[Sequence[str], Sequence[str]]:
        """Images and texts of the train split, the held-out part's included."""
        data = self.train_data(cell)
        held = data.held_out
        images: dict[str, None] = {}
        texts: set[str] = set()
        for part in data.train.of_epochs(max(training.epochs for training in cell.stage_settings().values())):
            images |= dict.fromkeys(image for t in part.triplets for image in (t.reference, t.target))
            texts.update(text for texts in part.texts for text in texts)
            texts.update(part.side_texts.values())
        if cell.needs.side_text or cell.described:
            described = self.description_set(cell).side_texts
            images |= dict.fromkeys(described)
            texts |= {"", *described.values()}
        if held is not None:
            images |= dict.fromkeys(held.images())
            texts |= set(held.texts())
        return sorted(images), sorted(texts)

    def _there(self, cell: Cell) -> There:
        """Whether an image is there for the cell's encoder."""
        return cast(There, self._once(("there", *_encoder_key(cell)), lambda: self._new_there(cell)))

    def _new_there(self, cell: Cell) -> There:
        return There(
            self.frozen_encoder(cell),
            lambda image: self._ref(cell, image),
            allow_partial=self.allow_partial,
            threads=self.workers,
        )

    def _source(self, cell: Cell, images: Sequence[str], texts: Sequence[str], split: str) -> FeatureSource:
        needs, encoder = cell.needs, self.frozen_encoder(cell)
        where = (*_encoder_key(cell), self.weights_digest(cell), split)
        image_key = ("images", *where, tuple(sorted(needs.image)), needs.map_levels, _digest(images))
        text_key = ("texts", *where, tuple(sorted(needs.text)), _digest(texts))

        def make() -> FeatureSource:
            image_table = self._once(image_key, lambda: self.image_table(cell, encoder, images, split, self.cache))
            text_table = self._once(text_key, lambda: self.text_table(cell, encoder, texts, split, self.cache))
            return CachedSource(image_table, text_table, self.device)

        return cast(FeatureSource, self._once(("source", image_key, text_key), make))

    def missing(
        self, cell: Cell, images: Sequence[str], texts: Sequence[str], split: str
    ) -> dict[str, MissingFeatures]:
        """What would have to be extracted, by role; nothing is encoded."""
        encoder, needs, scope = self.frozen_encoder(cell), cell.needs, (cell.key.benchmark, split)
        name = cell.key.encoder
        return {
            "image": self.cache.missing_images(
                name, encoder, self.refs(cell, images), needs.image, scope=scope, map_levels=needs.map_levels
            ),
            "text": self.cache.missing_texts(name, encoder, texts, needs.text, scope=scope),
        }

    def image_table(
        self, cell: Cell, encoder: Encoder, images: Sequence[str], split: str, cache: FeatureCache
    ) -> FeatureTable:
        """Features of images at the levels the cell's method needs, from ``cache`` or encoded now."""
        with blame(cell.encoder, "extracting image features"):
            table = cache.image_features(
                cell.key.encoder,
                encoder,
                self.refs(cell, images),
                cell.needs.image,
                scope=(cell.key.benchmark, split),
                map_levels=cell.needs.map_levels,
                workers=self.workers,
                progress=lambda done, total: self.progress(f"images of {cell.key.benchmark} ({split})", done, total),
            )
            table.preload(self.device)
            return table

    def text_table(
        self, cell: Cell, encoder: Encoder, texts: Sequence[str], split: str, cache: FeatureCache
    ) -> FeatureTable:
        """Features of texts at the levels the cell's method needs."""
        with blame(cell.encoder, "extracting text features"):
            table = cache.text_features(
                cell.key.encoder,
                encoder,
                texts,
                cell.needs.text,
                scope=(cell.key.benchmark, split),
                progress=lambda done, total: self.progress(f"texts of {cell.key.benchmark} ({split})", done, total),
            )
            table.preload(self.device)
            return table

    def refs(self, cell: Cell, images: Sequence[str]) -> list[ImageRef]:
        """Handles on images of the cell's data set."""
        return [self._ref(cell, image) for image in images]

    def _ref(self, cell: Cell, image: str) -> ImageRef:
        if cell.described and (own := own_name(image)) is not None:
            return ImageRef(cell.described[0].name, self.described_dataset(cell), own)
        return ImageRef(cell.dataset.name, self.dataset(cell), image)

    def _once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def default_workers() -> int:
    """Processes that decode images: one per processor that this process may use, at most 8."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, available)


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()


def _dataset_key(cell: Cell) -> tuple[str, ...]:
    return (cell.dataset.name, cell.dataset_params.model_dump_json())


def _encoder_key(cell: Cell) -> tuple[str, ...]:
    return (cell.key.encoder, cell.encoder_params.model_dump_json(), *_dataset_key(cell), *_described_key(cell))


def _described_key(cell: Cell) -> tuple[str, ...]:
    return (cell.described[0].name, cell.described[1].model_dump_json()) if cell.described else ()
