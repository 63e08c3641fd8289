"""`CellData`: what a cell is evaluated and trained on, made of the images that its encoder can read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from cir_bench.errors import CirBenchError, DataError, RunError
from cir_bench.features.extract import read_item
from cir_bench.features.identity import Role, pair_name
from cir_bench.interfaces.dataset import Triplet, TripletSampler
from cir_bench.protocols.artefact import texts_of
from cir_bench.protocols.build import check_headline, eval_set, gallery_sizes, of_available, spelling_of
from cir_bench.protocols.check import evaluation_notes, evaluation_problems
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.holdout import filling, held_out_set, hold_out, hold_out_drawn, images_by_part
from cir_bench.protocols.limit import IMAGES_PER_QUERY, few, limited
from cir_bench.runs import keys
from cir_bench.runs.cell import Cell
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.examples import no_corpus, no_descriptions, of_descriptions, of_triplets
from cir_bench.runs.shared import Lifetimes
from cir_bench.training.batches import TrainSet
from cir_bench.training.seeding import derive_seed

SHOWN = 3
"""How many unreadable images a warning names."""


@dataclass(frozen=True)
class SplitItems:
    """The images and texts of a split whose features are needed."""

    split: str
    images: Sequence[str]
    texts: Sequence[str]
    pairs: Sequence[str] = ()
    """`pair_name`s of queries, if the method reads joint features."""

    def of(self, role: Role) -> Sequence[str]:
        """The images, the texts or the pairs."""
        return {"image": self.images, "text": self.texts, "pair": self.pairs}[role]


@dataclass(frozen=True)
class TrainData:
    """What a cell trains on: ``size`` triplets (or images, or texts) per epoch, the same object unless they are drawn.

    The checkpoint is chosen on ``held_out`` (None: the last is kept). ``missing`` triplets, or images to draw them
    from or to learn from alone, are left out.
    """

    triplets: Callable[[int], TrainSet]
    size: int
    held_out: EvalSet | None
    missing: int


class CellData:
    """Evaluations and training data of cells, made of the images that can be used.

    Without ``allow_partial``, these are the images that the encoder has; when others are missing a cell fails with a
    `DataError`, and at the first file that cannot be read. With it, images that are missing or cannot be read are left
    out, with a warning: the gallery is partial, never silently smaller. ``threads`` read the images.
    """

    def __init__(
        self,
        lifetimes: Lifetimes,
        datasets: DataSets,
        encoders: Encoders,
        *,
        allow_partial: bool,
        threads: int,
        evaluates: bool = True,
    ) -> None:
        self._datasets, self._encoders = datasets, encoders
        self._allow_partial, self._threads = allow_partial, max(1, threads)
        self._verdicts: Callable[[Cell], dict[str, bool]] = lifetimes.one(keys.of_images, lambda cell: {})
        self.evaluation = lifetimes.one(keys.of_evaluation, self._evaluation if evaluates else _out_of_reach)
        """What a cell is evaluated on."""
        self.train = lifetimes.one(keys.of_train_data, self._train)
        """What a cell trains on, by its selection settings and seed."""

    def descriptions(self, cell: Cell) -> TrainSet:
        """Images with their own descriptions, for stages on them (`TrainStage.descriptions`)."""
        found = dict(few([*self._datasets.descriptions(cell).items()], cell.limit))
        if not found:
            raise no_descriptions(cell)
        usable, name = self._usable(cell, found), cell.datasets[-1][0].name
        lacking = f"images with a description are missing from {name!r}"
        if missing := self._missing([usable[image] for image in found], lacking):
            warnings.warn(f"partial: {missing} of {len(found)} {lacking}", stacklevel=2)
        return of_descriptions({image: text for image, text in found.items() if usable[image]})

    def evaluation_items(self, cell: Cell) -> SplitItems:
        """Images and texts of the cell's evaluation."""
        evaluation = self.evaluation(cell)
        pairs = _pairs_of(evaluation) if cell.needs.joint else ()
        return SplitItems(cell.protocol.split, evaluation.images(), evaluation.texts(), tuple(pairs))

    def train_items(self, cell: Cell) -> SplitItems:
        """Images and texts of the train split, including the held-out part."""
        data = self.train(cell)
        images: dict[str, None] = {}
        texts: set[str] = set()
        pairs: dict[str, None] = {}
        previous: TrainSet | None = None
        for epoch in range(max(training.epochs for training in cell.stage_settings().values())):
            part = data.triplets(epoch)
            if part is previous:
                break
            previous = part
            images |= dict.fromkeys(part.images)
            texts.update(text for texts in part.texts for text in texts)
            texts.update(part.side_texts.values())
            if cell.needs.joint and part.of == "triplets":
                queries = zip(part.triplets, part.texts, strict=True)
                pairs |= dict.fromkeys(pair_name(one.reference, text) for one, texts in queries for text in texts)
        if cell.needs.side_text or cell.needs.side_text_from:
            described = self.descriptions(cell).side_texts
            images |= dict.fromkeys(described)
            texts |= {"", *described.values()}
            pairs |= dict.fromkeys(pair_name(*one) for one in described.items()) if cell.needs.joint else {}
        if data.held_out is not None:
            images |= dict.fromkeys(data.held_out.images())
            texts |= set(data.held_out.texts())
            pairs |= _pairs_of(data.held_out) if cell.needs.joint else {}
        return SplitItems("train", sorted(images), sorted(texts), sorted(pairs))

    def _evaluation(self, cell: Cell) -> EvalSet:
        dataset, protocol = self._datasets.of(cell), cell.protocol
        check_headline(dataset, protocol)
        text_of = texts_of(cell.artefact, dataset.queries(protocol.split)) if cell.artefact else None
        whole = eval_set(dataset, protocol, text_of=text_of, sentence=cell.sentence)
        asked = whole if cell.limit is None else limited(whole, cell.limit)
        usable = self._usable(cell, asked.images())
        found = of_available(asked, protocol, usable.__getitem__, allow_partial=self._allow_partial)
        problems = evaluation_problems(whole, protocol, dataset)
        return replace(found, problems=problems, notes=evaluation_notes(whole))

    def _train(self, cell: Cell) -> TrainData:
        dataset, selection, seed = self._datasets.of(cell), cell.method_params.selection, cell.key.seed
        if not cell.needs.triplets:
            return self._alone(cell)
        sampler = dataset.sampler()
        held_out: Sequence[Triplet] = ()
        if sampler is not None:
            usable = self._usable(cell, sampler.images)
            found = [usable[image] for image in sampler.images]
            if missing := self._missing(found, f"training images of {cell.dataset.name!r} are missing"):
                sampler = sampler.among({image for image in sampler.images if usable[image]})
            if selection.on == "held-out":
                sampler, held_out = hold_out_drawn(sampler, selection.fraction, selection.max_queries, seed)
                held_out = few(held_out, cell.limit)
            draw = partial(self._draw, cell, sampler)
            first, alone = draw(0), {next(iter(dataset.parts)): sampler.images}
            images = alone if len(dataset.parts) == 1 else images_by_part(first.triplets)
            return TrainData(draw, len(first.triplets), self._held_out(cell, held_out, images), missing)
        triplets = few(dataset.train(), cell.limit)
        usable = self._usable(cell, (image for t in triplets for image in (t.reference, t.target)))
        whole = [usable[t.reference] and usable[t.target] for t in triplets]
        missing = self._missing(whole, f"training triplets of {cell.dataset.name!r} lack an image")
        triplets = [triplet for triplet, fine in zip(triplets, whole, strict=True) if fine]
        if not triplets:
            raise DataError(f"the data set {cell.dataset.name!r} has no training triplets, and this method needs some.")
        if selection.on == "held-out":
            triplets, held_out = hold_out(triplets, selection.fraction, selection.max_queries, seed)
        train = of_triplets(cell, dataset, triplets)
        score_on = self._held_out(cell, held_out, images_by_part(triplets))
        return TrainData(lambda epoch: train, len(train), score_on, missing)

    def _alone(self, cell: Cell) -> TrainData:
        """Images or texts alone; nothing is held out, since that would take triplets."""
        missing = 0
        if cell.needs.examples == "texts":
            train = TrainSet.of_texts(few(self._datasets.unlabelled_texts(cell), cell.limit))
        else:
            images = few(self._datasets.unlabelled_images(cell), cell.limit)
            usable, name = self._usable(cell, images), cell.datasets[-1][0].name
            missing = self._missing(
                [usable[image] for image in images], f"images to learn from of {name!r} are missing"
            )
            train = TrainSet.of_images([image for image in images if usable[image]])
        if not len(train):
            raise no_corpus(cell)
        return TrainData(lambda epoch: train, len(train), self._held_out(cell, (), {}), missing)

    def _draw(self, cell: Cell, sampler: TripletSampler, epoch: int) -> TrainSet:
        drawn = few(sampler.draw(derive_seed(cell.key.seed, "triplets"), epoch), cell.limit)
        return of_triplets(cell, self._datasets.of(cell), drawn)

    def _held_out(self, cell: Cell, kept: Sequence[Triplet], train: Mapping[str, Collection[str]]) -> EvalSet | None:
        """The evaluation that the checkpoint is chosen by; ``kept``: the held-out triplets, ``train``: other images."""
        selection, dataset, protocol = cell.method_params.selection, self._datasets.of(cell), cell.protocol
        if selection.on == "test":
            return self.evaluation(cell)
        if not kept:
            return None
        sizes = gallery_sizes(dataset, protocol) if selection.gallery == "filled" else {}
        if cell.limit is not None:
            sizes = {part: min(size, IMAGES_PER_QUERY * cell.limit) for part, size in sizes.items()}
        more = filling(train, kept, sizes, cell.key.seed)
        return held_out_set(kept, protocol, spelling_of(dataset, protocol), more, cell.sentence)

    def _missing(self, usable: Collection[bool], what: str) -> int:
        """How many cannot be used; `DataError` saying ``what`` is the matter, unless they may be left out."""
        missing = len(usable) - sum(usable)
        if missing and not self._allow_partial:
            remedy = "complete the data, or pass --allow-partial to leave them out, marked as partial"
            raise DataError(f"{missing} of {len(usable)} {what}; {remedy}.")
        return missing

    def _usable(self, cell: Cell, images: Iterable[str]) -> Mapping[str, bool]:
        """Whether images can be used; each is looked at once."""
        verdicts, encoder, ref = self._verdicts(cell), self._encoders.frozen(cell), self._datasets.refs(cell)
        new = {image: encoder.has(ref(image)) for image in dict.fromkeys(images) if image not in verdicts}
        verdicts.update(new)
        if not self._allow_partial or not new:
            return verdicts

        def fault(image: str) -> str | None:
            try:
                read_item(encoder, ref(image))
            except CirBenchError as error:
                return str(error)
            return None

        present = [image for image, found in new.items() if found]
        with ThreadPoolExecutor(self._threads) as threads:
            faults = {image: why for image, why in zip(present, threads.map(fault, present), strict=True) if why}
        verdicts.update(dict.fromkeys(faults, False))
        if faults:
            shown = " ".join(list(faults.values())[:SHOWN]) + (" …" if len(faults) > SHOWN else "")
            warnings.warn(f"partial: {len(faults)} images cannot be read and are left out: {shown}", stacklevel=2)
        return verdicts


def _pairs_of(evaluation: EvalSet) -> dict[str, None]:
    """Every reference with each of its query's texts, once."""
    queries = [query for part in evaluation.parts.values() for query in part.queries]
    return dict.fromkeys(pair_name(*reading) for query in queries for reading in query.readings)


def _out_of_reach(cell: Cell) -> EvalSet:
    raise RunError(f"{cell.key.name}: tuning must not see the evaluation split.")
