"""Reading ahead: worker processes decode the images of coming training batches while this process trains.

The result does not depend on the number of workers, because every image has its own augmentation seed.
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


class ImageRequest(NamedTuple):
    """An image to read, with the seed of its training augmentation; None: its evaluation item."""

    image: ImageRef
    seed: int | None = None


def place_seed(batch_seed: int, place: int) -> int:
    """The seed of one image of a batch."""
    return int.from_bytes(hashlib.blake2b(f"{batch_seed}/{place}".encode(), digest_size=8).digest(), "big") >> 1


def read_ahead(encoder: Encoder, requests: Sequence[ImageRequest], workers: int, ahead: int) -> Iterator[Any]:
    """The result of `Encoder.image_item` for each image, in order.

    Args:
        encoder: reads the images.
        requests: everything that will be asked for.
        workers: processes; with 0, or with few images, this process reads each image when it is asked for.
        ahead: images to have ready or in progress before they are asked for.

    Raises:
        DataError: an image is missing or cannot be decoded; raised, naming it, when it is its turn.
        PluginError: the encoder failed.
    """
    each = math.ceil(ahead / (CHUNK * max(1, workers)))
    return read_in_order(lambda place: _read(encoder, requests[place]), len(requests), CHUNK, workers, max(2, each))


def _read(encoder: Encoder, request: ImageRequest) -> Any:
    try:
        if request.seed is None:
            return read_item(encoder, request.image)
        torch.default_generator.manual_seed(request.seed)
        return read_item(encoder, request.image, train=True)
    except CirBenchError:
        raise
    except Exception as error:
        name, what = type(encoder).__name__, f"{type(error).__name__}: {error}"
        raise PluginError(f"image_item of the encoder {name} failed on image {request.image.id!r}: {what}.") from error
