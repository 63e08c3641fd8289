"""Images with their own descriptions, as examples to train on (VAL's pre-training)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset, Triplet
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


def of_descriptions(
    cell: Cell, described: Mapping[str, str], available: Callable[[str], bool], *, allow_partial: bool
) -> TrainSet:
    """Each image as a triplet of itself, with its description as text and as side text.

    Args:
        cell: the cell that trains on them.
        described: description by image.
        available: whether an image can be used.
        allow_partial: leave out images that cannot be used, with a warning (the record keeps warnings).

    Raises:
        DataError: there are no descriptions, or images are missing and ``allow_partial`` is off.
    """
    if not described:
        raise no_descriptions(cell)
    usable = {image: text for image, text in described.items() if available(image)}
    if len(usable) < len(described):
        lacking = f"{len(described) - len(usable)} of {len(described)} images with a description are missing"
        if not usable or not allow_partial:
            raise DataError(
                f"{lacking} from {_name(cell)!r}; complete the data, or pass --allow-partial to leave them out "
                "with a note in the record."
            )
        warnings.warn(f"partial: {lacking} from {_name(cell)!r}", stacklevel=2)
    triplets = [Triplet(image, (text,), image) for image, text in usable.items()]
    return TrainSet(triplets, [t.captions for t in triplets], usable)


def no_descriptions(cell: Cell) -> DataError:
    """The error for a data set without any description."""
    return DataError(
        f"the method {cell.key.method!r}, as it is set here, trains on images' own descriptions, and the data set "
        f"{_name(cell)!r} has none; switch that part of the method off (see cir-bench show {cell.key.method})."
    )


def _name(cell: Cell) -> str:
    return cell.described[0].name if cell.described else cell.dataset.name
