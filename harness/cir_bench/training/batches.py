"""From triplets, images or texts and a feature source to training batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from cir_bench.errors import DataError, RunError
from cir_bench.features.source import CachedSource, FeatureSource, RowSource, with_pairs
from cir_bench.interfaces.dataset import Triplet
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import Examples
from cir_bench.interfaces.method import TrainBatch
from cir_bench.params.models import Training
from cir_bench.training.rows import Rows
from cir_bench.training.seeding import derive_seed


@dataclass(frozen=True)
class TrainSet:
    """The triplets that a cell trains on, with every text that the protocol's caption policy makes of each.

    One text of each triplet is drawn per epoch. ``side_texts``: description by image id, for methods that need some.
    ``of`` says what the triplets stand for: images alone (see :meth:`of_images`) or texts alone.
    """

    triplets: Sequence[Triplet]
    texts: Sequence[tuple[str, ...]]
    side_texts: Mapping[str, str] = field(default_factory=dict)
    of: Examples = "triplets"

    @classmethod
    def of_images(cls, images: Sequence[str]) -> TrainSet:
        """Images alone: each is its own target, with an empty text."""
        return cls([Triplet(image, ("",), image) for image in images], [("",)] * len(images), of="images")

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> TrainSet:
        """Texts alone, which have no images."""
        return cls([Triplet("", (text,), "") for text in texts], [(text,) for text in texts], of="texts")

    def __post_init__(self) -> None:
        if len(self.triplets) != len(self.texts):
            raise DataError(
                f"{len(self.triplets)} triplets have {len(self.texts)} lists of texts; give one list for each triplet."
            )

    def __len__(self) -> int:
        return len(self.triplets)

    @property
    def images(self) -> Sequence[str]:
        """Every image once."""
        return () if self.of == "texts" else self.rows.images

    @property
    def images_each(self) -> int:
        """How many images are encoded for an example; 1 for texts alone, which count instead."""
        return 2 if self.of == "triplets" else 1

    def batches_per_epoch(self, batch_size: int) -> int:
        """Whole batches in an epoch; a set smaller than one batch is one batch."""
        return max(1, len(self) // batch_size)

    @cached_property
    def rows(self) -> Rows:
        """The triplets as numbers."""
        return Rows.of(self.triplets, self.texts, self.side_texts)


def epoch_rows(data: TrainSet, training: Training, seed_parts: Sequence[int | str]) -> Sequence[Tensor]:
    """The triplets of each batch of an epoch, in a seeded order; the incomplete last batch is dropped."""
    order = data.rows.order(seed_parts, training.siblings)
    size = min(len(data), training.batch_size)
    return torch.split(order[: data.batches_per_epoch(size) * size], size)


@dataclass(frozen=True)
class GalleryRows:
    """`TrainGallery`: the images ``ids`` by their rows in a cached source."""

    ids: Sequence[str]
    reference: Tensor
    target: Tensor
    source: RowSource

    def __len__(self) -> int:
        return len(self.ids)

    def features(self, rows: Tensor) -> Features:
        """Features of the images ``rows``."""
        return next(self.source.image_rows(self.ids, [rows.cpu()]))


def train_batches(
    data: TrainSet,
    source: FeatureSource,
    training: Training,
    *,
    epoch: int,
    seed_parts: Sequence[int | str],
    device: torch.device,
    gallery: bool = False,
) -> Iterator[TrainBatch]:
    """The batches of one epoch on ``device``, in an order that follows from ``seed_parts``.

    With ``gallery``, each has all images.

    `RunError` if each is to have all images, and the encoder is trained.
    """
    rows, batches = data.rows, epoch_rows(data, training, seed_parts)
    images = _pairs(data, source, batches, seed_parts)
    drawn = _of_each(rows.draw_texts(seed_parts), batches)
    compared = _of_each(rows.target, batches, device) if data.of != "texts" else [part.to(device) for part in drawn]
    texts = _texts(source, rows.texts, drawn)
    side = None if rows.description is None else _texts(source, rows.texts, _of_each(rows.description, batches))
    described = None if rows.described is None else _of_each(rows.described, batches, device)
    cached = source if isinstance(source, RowSource) else None
    if gallery and cached is None:
        raise RunError(
            "This stage looks at all images of the train split in every step, which a trained encoder would have to "
            "encode each time; set training.encoder=frozen."
        )

    joint = data.of == "triplets" and not (isinstance(source, CachedSource) and not source.has_pairs)

    def named(batch: Tensor, asked: Tensor) -> tuple[list[str], list[str]]:
        references = rows.reference[batch].tolist()
        return [rows.images[place] for place in references], [rows.texts[place] for place in asked.tolist()]

    for number, batch in enumerate(batches):
        reference, target = next(images)
        side_text = None if side is None else next(side)
        text = next(texts)
        yield TrainBatch(
            reference=reference,
            side_text=side_text,
            text=with_pairs(source, text, *named(batch, drawn[number])) if joint else text,
            target=target,
            same_target=same_targets(compared[number], training.mask_same_target),
            described=None if described is None else described[number],
            epoch=epoch,
            step=epoch * len(batches) + number,
            gallery=GalleryRows(rows.images, rows.reference[batch], rows.target[batch], cached)
            if gallery and cached
            else None,
        )


def same_targets(targets: Tensor, mask: bool) -> Tensor:
    """``[B, B]`` bool: the diagonal and, with ``mask``, pairs of the same target image, by number ``[B]``."""
    if not mask:
        return torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    return targets[:, None] == targets[None, :]


def _pairs(
    data: TrainSet, source: FeatureSource, batches: Sequence[Tensor], seed_parts: Sequence[int | str]
) -> Iterator[tuple[Features, Features]]:
    """Features of each batch's references and targets; of images alone they are the same, of texts alone empty."""
    rows = data.rows
    if data.of == "texts":
        return ((Features(), Features()) for _ in batches)
    target = _of_each(rows.target, batches)
    if data.of == "images":
        return ((features, features) for features in _images(source, rows.images, target, seed_parts))
    reference = _of_each(rows.reference, batches)
    if isinstance(source, RowSource):  # which slices nothing
        return zip(*(source.image_rows(rows.images, part) for part in (reference, target)), strict=True)
    both = _images(source, rows.images, [*map(torch.cat, zip(reference, target, strict=True))], seed_parts)
    return ((found[: len(found) // 2], found[len(found) // 2 :]) for found in both)


def _images(
    source: FeatureSource, ids: Sequence[str], batches: Sequence[Tensor], seed_parts: Sequence[int | str]
) -> Iterator[Features]:
    """Features of each batch's images, which are places in ``ids``."""
    if isinstance(source, RowSource):
        return source.image_rows(ids, batches)
    seeds = [derive_seed(*seed_parts, "augmentation", number) for number in range(len(batches))]
    return source.train_images([[ids[row] for row in batch.tolist()] for batch in batches], seeds)


def _of_each(values: Tensor, batches: Sequence[Tensor], device: torch.device | str = "cpu") -> Sequence[Tensor]:
    """Each batch's ``values``, which go to ``device`` once for all of them."""
    return torch.split(values[torch.cat([*batches])].to(device), [len(batch) for batch in batches])


def _texts(source: FeatureSource, texts: Sequence[str], batches: Sequence[Tensor]) -> Iterator[Features]:
    """Features of each batch's texts, which are places in ``texts``, with the texts themselves."""
    named = [tuple(map(texts.__getitem__, batch.tolist())) for batch in batches]
    if isinstance(source, RowSource):
        found = source.text_rows(texts, batches)
    else:
        found = (source.texts(names) for names in named)
    return (replace(features, texts=names) for features, names in zip(found, named, strict=True))
