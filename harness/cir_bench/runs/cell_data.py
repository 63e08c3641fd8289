"""`CellData`: what a cell is evaluated and trained on, made of the images that its encoder can read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cir_bench.errors import DataError
from cir_bench.features.identity import Role
from cir_bench.interfaces.dataset import Triplet, TripletSampler
from cir_bench.protocols.build import check_headline, eval_set, spelling_of
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.holdout import held_out_set, hold_out, hold_out_drawn
from cir_bench.runs import keys
from cir_bench.runs.available import AvailableImages
from cir_bench.runs.cell import Cell
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.examples import no_descriptions, of_descriptions, of_triplets
from cir_bench.runs.shared import Lifetimes, Shared
from cir_bench.training.batches import TrainSet
from cir_bench.training.seeding import derive_seed


@dataclass(frozen=True)
class SplitItems:
    """The images and texts of a split whose features are needed."""

    split: str
    images: Sequence[str]
    texts: Sequence[str]

    def of(self, role: Role) -> Sequence[str]:
        """The images or the texts."""
        return self.images if role == "image" else self.texts


@dataclass(frozen=True)
class TrainData:
    """What a cell trains on.

    Attributes:
        triplets: those of an epoch, by its number; the same object in every epoch unless they are drawn.
        size: how many there are in every epoch.
        held_out: the evaluation that the checkpoint is chosen by; None: the last is kept.
        missing: triplets (or images to draw them from) that are left out because an image is missing.
    """

    triplets: Callable[[int], TrainSet]
    size: int
    held_out: EvalSet | None
    missing: int


class CellData:
    """Evaluations and training data of cells; arguments as of `AvailableImages`, whose encoders are ``encoders``."""

    def __init__(
        self, lifetimes: Lifetimes, datasets: DataSets, encoders: Encoders, *, allow_partial: bool, threads: int
    ) -> None:
        self._datasets, self._encoders = datasets, encoders
        self._allow_partial, self._threads = allow_partial, threads
        self._verdicts: Shared[dict[str, bool]] = lifetimes.one(keys.of_images)
        self._evaluations: Shared[EvalSet] = lifetimes.one(keys.of_evaluation)
        self._train_data: Shared[TrainData] = lifetimes.one(keys.of_train_data)

    def evaluation(self, cell: Cell) -> EvalSet:
        """The cell's evaluation; `DataError` when images are missing and partial runs are not allowed."""

        def make() -> EvalSet:
            dataset, available = self._datasets.of(cell), self._available(cell)
            check_headline(dataset, cell.protocol)
            available.check(eval_set(dataset, cell.protocol).images())
            return eval_set(dataset, cell.protocol, available, allow_partial=self._allow_partial)

        return self._evaluations.get(keys.of_evaluation(cell), make)

    def train(self, cell: Cell) -> TrainData:
        """What the cell trains on; `DataError` when images are missing and partial runs are not allowed."""

        def make() -> TrainData:
            self._available(cell).check(self._datasets.of(cell).train_images())
            sampler = self._datasets.of(cell).sampler()
            return self._listed(cell) if sampler is None else self._drawn(cell, sampler)

        return self._train_data.get(keys.of_train_data(cell), make)

    def descriptions(self, cell: Cell) -> TrainSet:
        """Images with their own descriptions, for stages on them (`TrainStage.descriptions`)."""
        found, available = self._datasets.descriptions(cell), self._available(cell)
        if not found:
            raise no_descriptions(cell)
        usable = {image: text for image, text in found.items() if available(image)}
        missing, name = len(found) - len(usable), cell.datasets[-1][0].name
        lacking = f"{missing} of {len(found)} images with a description are missing from {name!r}"
        self._refuse(missing, lacking)
        if missing:
            warnings.warn(f"partial: {lacking}", stacklevel=2)
        return of_descriptions(usable)

    def evaluation_items(self, cell: Cell) -> SplitItems:
        """Images and texts of the cell's evaluation."""
        evaluation = self.evaluation(cell)
        return SplitItems(cell.protocol.split, evaluation.images(), evaluation.texts())

    def train_items(self, cell: Cell) -> SplitItems:
        """Images and texts of the train split, including the held-out part."""
        data = self.train(cell)
        images: dict[str, None] = {}
        texts: set[str] = set()
        previous: TrainSet | None = None
        for epoch in range(max(training.epochs for training in cell.stage_settings().values())):
            part = data.triplets(epoch)
            if part is previous:
                break
            previous = part
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

    def _listed(self, cell: Cell) -> TrainData:
        """The data set's own triplets."""
        annotated, available, name = self._datasets.of(cell).train(), self._available(cell), cell.dataset.name
        usable = [t for t in annotated if available(t.reference) and available(t.target)]
        missing, selection = len(annotated) - len(usable), cell.method_params.selection
        self._refuse(missing, f"{missing} of {len(annotated)} training triplets of {name!r} lack an image")
        if not usable:
            raise DataError(f"the data set {name!r} has no training triplets, and this method needs some.")
        kept: Sequence[Triplet] = ()
        if selection.on == "held-out":
            usable, kept = hold_out(usable, selection.fraction, selection.max_queries, cell.key.seed)
        train = of_triplets(cell, self._datasets.of(cell), usable)
        return TrainData(lambda epoch: train, len(train), self._held_out(cell, kept), missing)

    def _drawn(self, cell: Cell, sampler: TripletSampler) -> TrainData:
        """Triplets that are drawn anew in every epoch."""
        dataset, available, selection = self._datasets.of(cell), self._available(cell), cell.method_params.selection
        usable = {image for image in sampler.images if available(image)}
        of = len(sampler.images)
        missing = of - len(usable)
        self._refuse(missing, f"{missing} of {of} training images of {cell.dataset.name!r} are missing")
        sampler = sampler.among(usable) if missing else sampler
        kept: Sequence[Triplet] = ()
        if selection.on == "held-out":
            sampler, kept = hold_out_drawn(sampler, selection.fraction, selection.max_queries, cell.key.seed)
        seed = derive_seed(cell.key.seed, "triplets")

        def draw(epoch: int) -> TrainSet:
            return of_triplets(cell, dataset, sampler.draw(seed, epoch))

        return TrainData(draw, len(sampler.draw(seed, 0)), self._held_out(cell, kept), missing)

    def _held_out(self, cell: Cell, kept: Sequence[Triplet]) -> EvalSet | None:
        """The evaluation that the checkpoint is chosen by; ``kept``: the held-out triplets."""
        if cell.method_params.selection.on == "test":
            return self.evaluation(cell)
        if not kept:
            return None
        return held_out_set(kept, cell.protocol, spelling_of(self._datasets.of(cell), cell.protocol))

    def _refuse(self, missing: int, what: str) -> None:
        if missing and not self._allow_partial:
            raise DataError(f"{what}; complete the data, or pass --allow-partial to leave them out, marked as partial.")

    def _available(self, cell: Cell) -> AvailableImages:
        return AvailableImages(
            self._encoders.frozen(cell),
            self._datasets.refs(cell),
            self._verdicts.get(keys.of_images(cell), dict),
            allow_partial=self._allow_partial,
            threads=self._threads,
        )
