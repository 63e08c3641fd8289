"""Reading ahead: worker processes decode the images of coming training batches while this process trains.

What is read is the same with any number of workers, because every image has a seed of its own for its augmentation.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from cir_bench.errors import CirBenchError, PluginError
from cir_bench.features.extract import read_item
from cir_bench.features.processes import read_in_order
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


def read_ahead(encoder: Encoder, wanted: Sequence[Wanted], workers: int, ahead: int) -> Iterator[Any]:
    """What `Encoder.image_item` makes of each image, in order.

    Args:
        encoder: reads them.
        wanted: all that will be asked for.
        workers: processes; 0, or few images: they are read here when they are asked for.
        ahead: images to have in hand or in work before they are asked for.

    Raises:
        DataError: an image that is missing or cannot be decoded, by its name, when it is its turn.
        PluginError: the encoder failed.
    """
    each = math.ceil(ahead / (CHUNK * max(1, workers)))
    return read_in_order(lambda place: _read(encoder, wanted[place]), len(wanted), CHUNK, workers, max(2, each))


def _read(encoder: Encoder, wanted: Wanted) -> Any:
    try:
        if wanted.seed is None:
            return read_item(encoder, wanted.image)
        torch.default_generator.manual_seed(wanted.seed)
        return read_item(encoder, wanted.image, train=True)
    except CirBenchError:
        raise
    except Exception as error:
        name, what = type(encoder).__name__, f"{type(error).__name__}: {error}"
        raise PluginError(f"image_item of the encoder {name} failed on image {wanted.image.id!r}: {what}.") from error
