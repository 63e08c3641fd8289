"""Training examples of a data set: triplets, images with their own descriptions, and images or texts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset, Triplet
from cir_bench.protocols.build import spelling_of
from cir_bench.protocols.text import train_texts
from cir_bench.runs.cell import Cell
from cir_bench.training.batches import TrainSet

_BORROWED = "\x1fborrowed\x1f"
"""Prefix of the ids of another data set's images, so that they are not mistaken for the benchmark's own."""


def descriptions(dataset: Dataset, *, borrowed: bool) -> dict[str, str]:
    """Description by image, for the images of the train split that have one; ``borrowed`` ids are marked as such."""
    found = {image: dataset.side_text(image) for image in dataset.train_images()}
    return {f"{_BORROWED}{image}" if borrowed else image: text for image, text in found.items() if text}


def own_name(image: str) -> str | None:
    """The id of a borrowed image in its own data set; None for an image that is not borrowed."""
    return image.removeprefix(_BORROWED) if image.startswith(_BORROWED) else None


def of_triplets(cell: Cell, dataset: Dataset, triplets: Sequence[Triplet]) -> TrainSet:
    """Triplets with the texts that the protocol makes of their captions, and the targets' side text if needed."""
    spelling = spelling_of(dataset, cell.protocol)
    texts = [train_texts(t.captions, cell.protocol, spelling.get(t.part)) for t in triplets]
    side: dict[str, str] = {}
    if cell.needs.side_text:
        side = {t.target: dataset.side_text(t.target) or "" for t in triplets}
        if not any(side.values()):
            raise no_descriptions(cell)
    return TrainSet(triplets, texts, side)


def of_descriptions(described: Mapping[str, str]) -> TrainSet:
    """Each image as a triplet of itself, with its description as text and as side text."""
    triplets = [Triplet(image, (text,), image) for image, text in described.items()]
    return TrainSet(triplets, [t.captions for t in triplets], described)


def corpus_images(dataset: Dataset, *, borrowed: bool) -> list[str]:
    """The images that a method may learn from alone; ``borrowed`` ids are marked as such."""
    return [f"{_BORROWED}{image}" if borrowed else image for image in dataset.unlabelled_images()]


def corpus_texts(cell: Cell, dataset: Dataset) -> list[str]:
    """The texts that a method may learn from alone, sorted: descriptions or, where there are none, captions."""
    found = {dataset.side_text(image) or "" for image in dataset.unlabelled_images()}
    if not any(found):
        found = {text for texts in of_triplets(cell, dataset, dataset.train()).texts for text in texts}
    return sorted(text for text in found if text.strip())


def no_corpus(cell: Cell) -> DataError:
    """The error for a data set that has nothing of what a method learns from."""
    what, name = cell.needs.examples, cell.datasets[-1][0].name
    return DataError(
        f"the method {cell.key.method!r} learns from {what}, and the data set {name!r} has none for training; name "
        f"another one: --set {cell.key.method}.corpus=NAME."
    )


def no_descriptions(cell: Cell) -> DataError:
    """The error for a data set without any description."""
    return DataError(
        f"the method {cell.key.method!r}, as it is set here, trains on images' own descriptions, and the data set "
        f"{cell.datasets[-1][0].name!r} has none; switch that part of the method off (see cir-bench show "
        f"{cell.key.method})."
    )
