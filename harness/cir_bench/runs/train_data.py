"""What a cell trains on: the usable triplets with their texts, and a held-out part to choose the checkpoint by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset, Triplet, TripletSampler
from cir_bench.protocols.build import spelling_of
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.holdout import held_out_set, hold_out, hold_out_drawn
from cir_bench.protocols.text import train_texts
from cir_bench.runs.cell import Cell
from cir_bench.runs.descriptions import no_descriptions
from cir_bench.training.batches import DrawnSet, TrainSet
from cir_bench.training.seeding import derive_seed


@dataclass(frozen=True)
class TrainData:
    """What a cell trains on, and the held-out evaluation that its checkpoint is chosen by; None: the last is kept."""

    train: TrainSet | DrawnSet
    held_out: EvalSet | None
    missing: int
    """Training triplets (in each epoch, if they are drawn) that are left out because an image is missing."""


def gather(
    cell: Cell,
    dataset: Dataset,
    available: Callable[[str], bool],
    evaluation: Callable[[], EvalSet],
    *,
    allow_partial: bool,
) -> TrainData:
    """A cell's training data, by its selection settings and seed.

    Args:
        cell: a cell of ``dataset``.
        dataset: its triplets are listed, or drawn anew in every epoch.
        available: whether the cell's encoder can read an image.
        evaluation: makes the cell's evaluation, for ``selection.on=test``.
        allow_partial: leave out triplets that lack an image, and count them.

    Raises:
        DataError: images are missing and ``allow_partial`` is off, or there is nothing to train on.
    """
    sampler = dataset.sampler()
    if sampler is not None:
        return _drawn(cell, dataset, sampler, available, evaluation, allow_partial)
    annotated, selection = dataset.train(), cell.method_params.selection
    usable = [t for t in annotated if available(t.reference) and available(t.target)]
    missing = len(annotated) - len(usable)
    if missing and not allow_partial:
        raise DataError(
            f"{missing} of {len(annotated)} training triplets of {cell.dataset.name!r} lack an image; complete the "
            "data, or pass --allow-partial to leave them out and have every number marked partial."
        )
    if not usable:
        raise DataError(f"the data set {cell.dataset.name!r} has no training triplets, and this method needs some.")
    held: EvalSet | None = None
    if selection.on == "held-out":
        usable, kept = hold_out(usable, selection.fraction, selection.max_queries, cell.key.seed)
        held = held_out_set(kept, cell.protocol, spelling_of(dataset, cell.protocol))
    elif selection.on == "test":
        held = evaluation()
    return TrainData(train_set(cell, dataset, usable), held, missing)


def _drawn(
    cell: Cell,
    dataset: Dataset,
    sampler: TripletSampler,
    available: Callable[[str], bool],
    evaluation: Callable[[], EvalSet],
    allow_partial: bool,
) -> TrainData:
    selection, seed = cell.method_params.selection, cell.key.seed
    usable = {image for image in sampler.images if available(image)}
    missing = len(sampler.images) - len(usable)
    if missing and not allow_partial:
        raise DataError(
            f"{missing} of {len(sampler.images)} training images of {cell.dataset.name!r} are missing; complete "
            "the data, or pass --allow-partial to leave them out and have every number marked partial."
        )
    if missing:
        sampler = sampler.among(usable)
    held: EvalSet | None = None
    if selection.on == "held-out":
        sampler, kept = hold_out_drawn(sampler, selection.fraction, selection.max_queries, seed)
        held = held_out_set(kept, cell.protocol, spelling_of(dataset, cell.protocol))
    elif selection.on == "test":
        held = evaluation()
    of_seed = derive_seed(seed, "triplets")

    def draw(epoch: int) -> TrainSet:
        return train_set(cell, dataset, sampler.draw(of_seed, epoch))

    return TrainData(DrawnSet(draw, len(sampler.draw(of_seed, 0))), held, missing)


def train_set(cell: Cell, dataset: Dataset, triplets: Sequence[Triplet]) -> TrainSet:
    """Triplets with the texts that the protocol makes of their captions, and the targets' side text if needed."""
    spelling = spelling_of(dataset, cell.protocol)
    texts = [train_texts(t.captions, cell.protocol, spelling.get(t.part)) for t in triplets]
    side: dict[str, str] = {}
    if cell.needs.side_text:
        side = {t.target: dataset.side_text(t.target) or "" for t in triplets}
        if not any(side.values()):
            raise no_descriptions(cell)
    return TrainSet(triplets, texts, side)
