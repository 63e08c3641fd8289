"""`CellData`: what a cell is evaluated and trained on, made of the images that its encoder can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cir_bench.protocols.build import check_headline, eval_set
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.runs.available import AvailableImages
from cir_bench.runs.cell import Cell
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.descriptions import of_descriptions
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.keys import EncoderKey, EvaluationKey, TrainDataKey
from cir_bench.runs.shared import Lifetimes, Shared
from cir_bench.runs.train_data import TrainData, gather
from cir_bench.training.batches import TrainSet


@dataclass(frozen=True)
class SplitItems:
    """The images and texts of a split whose features are needed."""

    split: str
    images: Sequence[str]
    texts: Sequence[str]


class CellData:
    """Evaluations and training data of the planned cells.

    Args:
        lifetimes: of what cells share.
        datasets: the data sets.
        encoders: they decide which images can be used.
        allow_partial: whether missing images are left out.
        threads: that read images.
    """

    def __init__(
        self, lifetimes: Lifetimes, datasets: DataSets, encoders: Encoders, *, allow_partial: bool, threads: int
    ) -> None:
        self._datasets, self._encoders = datasets, encoders
        self._allow_partial, self._threads = allow_partial, threads
        self._verdicts: Shared[EncoderKey, dict[str, bool]] = lifetimes.shared(lambda cell: [EncoderKey.of(cell)])
        self._evaluations: Shared[EvaluationKey, EvalSet] = lifetimes.shared(lambda cell: [EvaluationKey.of(cell)])
        self._train_data: Shared[TrainDataKey, TrainData] = lifetimes.shared(lambda cell: [TrainDataKey.of(cell)])

    def evaluation(self, cell: Cell) -> EvalSet:
        """The cell's evaluation; `DataError` when images are missing and partial runs are not allowed."""

        def make() -> EvalSet:
            dataset, available = self._datasets.of(cell), self._available(cell)
            check_headline(dataset, cell.protocol)
            available.check(eval_set(dataset, cell.protocol).images())
            return eval_set(dataset, cell.protocol, available, allow_partial=self._allow_partial)

        return self._evaluations.get(EvaluationKey.of(cell), make)

    def train(self, cell: Cell) -> TrainData:
        """Triplets with their texts, and the held-out part, by the cell's selection settings and seed."""

        def make() -> TrainData:
            dataset, available = self._datasets.of(cell), self._available(cell)
            available.check(dataset.train_images())
            return gather(cell, dataset, available, lambda: self.evaluation(cell), allow_partial=self._allow_partial)

        return self._train_data.get(TrainDataKey.of(cell), make)

    def descriptions(self, cell: Cell) -> TrainSet:
        """Images with their own descriptions, for stages on them (`TrainStage.descriptions`)."""
        found = self._datasets.descriptions(cell)
        return of_descriptions(cell, found, self._available(cell), allow_partial=self._allow_partial)

    def evaluation_items(self, cell: Cell) -> SplitItems:
        """Images and texts of the cell's evaluation."""
        evaluation = self.evaluation(cell)
        return SplitItems(cell.protocol.split, evaluation.images(), evaluation.texts())

    def train_items(self, cell: Cell) -> SplitItems:
        """Images and texts of the train split, including the held-out part."""
        data = self.train(cell)
        images: dict[str, None] = {}
        texts: set[str] = set()
        for part in data.train.of_epochs(max(training.epochs for training in cell.stage_settings().values())):
            images |= dict.fromkeys(image for t in part.triplets for image in (t.reference, t.target))
            texts.update(text for texts in part.texts for text in texts)
            texts.update(part.side_texts.values())
        if cell.needs.side_text or cell.described:
            described = self.descriptions(cell).side_texts
            images |= dict.fromkeys(described)
            texts |= {"", *described.values()}
        if data.held_out is not None:
            images |= dict.fromkeys(data.held_out.images())
            texts |= set(data.held_out.texts())
        return SplitItems("train", sorted(images), sorted(texts))

    def _available(self, cell: Cell) -> AvailableImages:
        return AvailableImages(
            self._encoders.frozen(cell),
            lambda image: self._datasets.ref(cell, image),
            self._verdicts.get(EncoderKey.of(cell), dict),
            allow_partial=self._allow_partial,
            threads=self._threads,
        )
