"""From triplets and a feature source to training batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from cir_bench.errors import DataError
from cir_bench.features.source import FeatureSource
from cir_bench.interfaces.dataset import Triplet
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.method import TrainBatch
from cir_bench.params.models import Training
from cir_bench.protocols.text import variant
from cir_bench.training.seeding import derive_seed, generator


@dataclass(frozen=True)
class TrainSet:
    """The triplets that a cell trains on, with every text that the protocol's caption policy makes of each.

    One text of each triplet is drawn per epoch. ``side_texts``: description by image id, for methods that need some.
    """

    triplets: Sequence[Triplet]
    texts: Sequence[tuple[str, ...]]
    side_texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.triplets) != len(self.texts):
            raise DataError(
                f"{len(self.triplets)} triplets have {len(self.texts)} lists of texts; give one list for each triplet."
            )

    def __len__(self) -> int:
        return len(self.triplets)

    def batches_per_epoch(self, batch_size: int) -> int:
        """Whole batches in an epoch; a set smaller than one batch is one batch."""
        return max(1, len(self) // batch_size)


def epoch_rows(size: int, batch_size: int, seed_parts: Sequence[int | str]) -> list[Tensor]:
    """The rows of each batch of an epoch: a seeded permutation; the incomplete last batch is dropped."""
    order = torch.randperm(size, generator=generator(*seed_parts, "order"))
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(max(1, size // batch_size))]


def train_batches(
    data: TrainSet, source: FeatureSource, training: Training, *, epoch: int, seed_parts: Sequence[int | str]
) -> Iterator[TrainBatch]:
    """The batches of one epoch, in an order that follows from ``seed_parts``."""
    rows_of = epoch_rows(len(data), training.batch_size, seed_parts)
    text_seed = derive_seed(*seed_parts, "texts")
    picked_of = [[data.triplets[i] for i in rows.tolist()] for rows in rows_of]
    pairs = [[*(t.reference for t in picked), *(t.target for t in picked)] for picked in picked_of]
    seeds = [derive_seed(*seed_parts, "augmentation", number) for number in range(len(rows_of))]
    features = source.train_images(pairs, seeds)
    for number, (rows, picked) in enumerate(zip(rows_of, picked_of, strict=True)):
        texts = [data.texts[i][variant(text_seed, epoch, i, len(data.texts[i]))] for i in rows.tolist()]
        targets = [triplet.target for triplet in picked]
        images = next(features)
        side = described = None
        if data.side_texts:
            descriptions = [data.side_texts.get(target, "") for target in targets]
            side = source.texts(descriptions)
            described = torch.tensor([bool(text) for text in descriptions], device=_device(images))
        yield TrainBatch(
            reference=images[: len(picked)],
            text=source.texts(texts),
            target=images[len(picked) :],
            same_target=same_targets(targets, training.mask_same_target, _device(images)),
            side_text=side,
            described=described,
            epoch=epoch,
            step=epoch * len(rows_of) + number,
        )


def same_targets(targets: Sequence[str], mask: bool, device: torch.device) -> Tensor:
    """``[B, B]`` bool: the diagonal and, with ``mask``, the pairs whose targets are the same image."""
    if not mask:
        return torch.eye(len(targets), dtype=torch.bool, device=device)
    number = {image: place for place, image in enumerate(dict.fromkeys(targets))}
    codes = torch.tensor([number[image] for image in targets], device=device)
    return codes[:, None] == codes[None, :]


def _device(features: Features) -> torch.device:
    for tensor in features.tensors().values():
        return tensor.device
    return _device(next(iter(features.branches.values())))
