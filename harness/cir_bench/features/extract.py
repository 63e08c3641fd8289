"""Extraction: items through an encoder, batch by batch, images decoded in worker processes, order kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as MapStyle

from cir_bench.errors import CirBenchError, DataError, PluginError
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import Level

WORTH_WORKERS = 256
"""With fewer images than this, starting worker processes takes longer than decoding."""


@dataclass(frozen=True)
class Failed:
    """An image that could not be turned into an item; carried out of the worker, whose exceptions lose their form."""

    message: str


class ItemSource(MapStyle[Any]):
    """The items of some images, as a map-style data set for a DataLoader; failures come out as values."""

    def __init__(self, encoder: Encoder, images: Sequence[ImageRef]) -> None:
        self.encoder = encoder
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> Any:
        try:
            return read_item(self.encoder, self.images[position])
        except CirBenchError as error:
            return Failed(str(error))


def read_item(encoder: Encoder, image: ImageRef, *, train: bool = False) -> Any:
    """``encoder.image_item``; an image that cannot be decoded is a `DataError` naming it."""
    try:
        return encoder.image_item(image, train=train)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # all three come out of Pillow
        raise DataError(
            f"image {image.id!r} of {image.dataset_name} cannot be decoded ({error}); "
            f"replace the file, or list all such images with `cir-bench data verify {image.dataset_name}`."
        ) from error


def as_list(batch: list[Any]) -> list[Any]:
    """Items stay as they are: only the encoder knows how they become a batch."""
    return batch


def item_batches(source: ItemSource, batch_size: int, workers: int) -> Iterator[list[Any]]:
    """Items in order, ``batch_size`` at a time."""
    parallel = workers if len(source) >= WORTH_WORKERS and sys.platform == "linux" else 0  # elsewhere no cheap fork
    loader: DataLoader[Any] = DataLoader(
        source,
        batch_size=batch_size,
        num_workers=parallel,
        collate_fn=as_list,
        multiprocessing_context="fork" if parallel else None,
    )
    for items in loader:
        for item in items:
            if isinstance(item, Failed):
                raise DataError(item.message)
        yield items


@contextmanager
def evaluating(encoder: Encoder) -> Iterator[None]:
    """The encoder in evaluation mode, without gradients and in full precision; its mode comes back afterwards."""
    training = encoder.training
    encoder.eval()
    try:
        with torch.no_grad(), torch.autocast(encoder.device.type, enabled=False):
            yield
    finally:
        encoder.train(training)


def checked(features: Features, expected: int, levels: frozenset[Level], name: str, dtype: torch.dtype) -> Features:
    """``features`` on the CPU as ``dtype``, after holding them against the interface."""
    if len(features) != expected or levels - features.levels:
        raise PluginError(
            f"encoder {name} returned {len(features)} items with {sorted(features.levels)} for {expected} items with "
            f"{sorted(levels)}; its encode_images or encode_texts is wrong."
        )
    stored = features.to("cpu", dtype)
    for part, tensor in stored.tensors().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise PluginError(
                f"encoder {name} returned {part} features that are not finite as {dtype}; "
                "check its weights, and store float32 if the values are large."
            )
    return stored
