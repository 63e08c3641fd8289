"""Reading ahead: worker processes decode the images of coming training batches while this process trains.

What is read is the same with any number of workers, because every image has a seed of its own for its augmentation.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as MapStyle

from cir_bench.errors import CirBenchError, DataError, PluginError
from cir_bench.features.extract import WORTH_WORKERS, as_list, read_item
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder

CHUNK = 32
"""Images that a worker reads at a time."""


class Wanted(NamedTuple):
    """An image to read; ``seed``: of the random choices of its training augmentation, None: its evaluation item."""

    image: ImageRef
    seed: int | None = None


def place_seed(batch_seed: int, place: int) -> int:
    """The seed of one image of a batch."""
    return int.from_bytes(hashlib.blake2b(f"{batch_seed}/{place}".encode(), digest_size=8).digest(), "big") >> 1


def worth_reading_ahead(count: int, workers: int) -> bool:
    """Whether processes are to read so many images; with few images, starting them takes longer than decoding."""
    return workers > 0 and count >= WORTH_WORKERS and sys.platform == "linux"  # elsewhere no cheap fork


def read_ahead(encoder: Encoder, wanted: Sequence[Wanted], workers: int, ahead: int) -> Iterator[Any]:
    """What `Encoder.image_item` makes of each image, in order.

    Args:
        encoder: reads them.
        wanted: all that will be asked for.
        workers: processes; 0, or few images: they are read here when they are asked for.
        ahead: images to have in hand or in work before they are asked for.

    Raises:
        DataError: an image that is missing or cannot be decoded, by its name, when it is its turn.
        PluginError: the encoder failed in a worker.
    """
    if not worth_reading_ahead(len(wanted), workers):
        for one in wanted:
            yield _read(encoder, one)
        return
    loader: DataLoader[Any] = DataLoader(
        _Reader(encoder, wanted),
        batch_size=CHUNK,
        num_workers=workers,
        collate_fn=_as_one,
        prefetch_factor=max(2, math.ceil(ahead / (CHUNK * workers))),
        multiprocessing_context="fork",
        generator=torch.Generator(),  # the loader draws a seed for its workers; not from the trainer's stream
    )
    for items in loader:
        for item in items:
            if isinstance(item, CirBenchError):
                raise item
            yield item


def _read(encoder: Encoder, wanted: Wanted) -> Any:
    if wanted.seed is None:
        return read_item(encoder, wanted.image)
    torch.default_generator.manual_seed(wanted.seed)
    return read_item(encoder, wanted.image, train=True)


class _Reader(MapStyle[Any]):
    """Items as the entries of a map-style data set; failures come out of the worker as values."""

    def __init__(self, encoder: Encoder, wanted: Sequence[Wanted]) -> None:
        self.encoder, self.wanted = encoder, wanted

    def __len__(self) -> int:
        return len(self.wanted)

    def __getitem__(self, position: int) -> Any:
        wanted = self.wanted[position]
        try:
            return _read(self.encoder, wanted)
        except CirBenchError as error:
            return DataError(str(error))
        except Exception as error:
            name, what = type(self.encoder).__name__, f"{type(error).__name__}: {error}"
            return PluginError(f"image_item of the encoder {name} failed on image {wanted.image.id!r}: {what}.")


def _as_one(items: list[Any]) -> list[Any] | Tensor:
    """Tensors of one form as one tensor: each that leaves a process costs a file handle."""
    forms = {(item.shape, item.dtype) if isinstance(item, Tensor) else None for item in items}
    return torch.stack(items) if len(forms) == 1 and None not in forms else as_list(items)
