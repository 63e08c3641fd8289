"""Reading ahead: worker processes decode the images of coming training batches while this process trains.

What is read is the same with any number of workers: the random choices of a batch's augmentation follow from the
batch's seed, and the generator goes on here where they left it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, get_worker_info
from torch.utils.data import Dataset as MapStyle

from cir_bench.errors import CirBenchError, DataError, PluginError
from cir_bench.features.extract import WORTH_WORKERS, read_item
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder


@dataclass(frozen=True)
class Wanted:
    """What to read for one batch.

    Attributes:
        images: in order, repeats allowed.
        seed: of the random choices of training augmentation; None: evaluation items.
    """

    images: Sequence[ImageRef]
    seed: int | None = None


@dataclass(frozen=True)
class Read:
    """What was read.

    Attributes:
        items: what `Encoder.image_item` gave, in order; on its way out of a worker, tensors may be stacked.
        seed: as wanted.
        generator: state of torch's CPU generator after the random choices.
    """

    items: Sequence[Any] | Tensor
    seed: int | None
    generator: bytes

    def continue_generator(self) -> None:
        """Seed torch's generators (of all devices) as for this batch; the CPU's goes on after the augmentation."""
        if self.seed is not None:
            torch.manual_seed(self.seed)
            torch.set_rng_state(torch.frombuffer(bytearray(self.generator), dtype=torch.uint8))


def worth_reading_ahead(count: int, workers: int) -> bool:
    """Whether processes are to read so many images; with few images, starting them takes longer than decoding."""
    return workers > 0 and count >= WORTH_WORKERS and sys.platform == "linux"  # elsewhere no cheap fork


def read_ahead(encoder: Encoder, batches: Sequence[Wanted], workers: int) -> Iterator[Read]:
    """Each batch's items, in order; up to ``workers`` batches are read ahead, each by one process.

    Raises:
        DataError: an image that is missing or cannot be decoded, by its name, when its batch is due.
        PluginError: the encoder's `image_item` failed in a worker.
    """
    parallel = workers if worth_reading_ahead(sum(len(batch.images) for batch in batches), workers) else 0
    loader: DataLoader[Any] = DataLoader(
        _Batches(encoder, batches),
        batch_size=None,
        num_workers=parallel,
        prefetch_factor=1 if parallel else None,
        multiprocessing_context="fork" if parallel else None,
        generator=torch.Generator(),  # the loader draws a seed for its workers; not from the trainer's stream
    )
    for found in loader:
        if isinstance(found, CirBenchError):
            raise found
        yield replace(found, items=list(found.items))


class _Batches(MapStyle[Any]):
    """Whole batches as the entries of a map-style data set; a worker's failures come out as values."""

    def __init__(self, encoder: Encoder, batches: Sequence[Wanted]) -> None:
        self.encoder, self.batches = encoder, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, position: int) -> Any:
        wanted, items = self.batches[position], list[Any]()
        if wanted.seed is not None:
            torch.default_generator.manual_seed(wanted.seed)
        for image in wanted.images:
            try:
                items.append(read_item(self.encoder, image, train=wanted.seed is not None))
            except CirBenchError as error:
                return DataError(str(error))
            except Exception as error:
                if get_worker_info() is None:
                    raise
                name, what = type(self.encoder).__name__, f"{type(error).__name__}: {error}"
                return PluginError(f"image_item of the encoder {name} failed on image {image.id!r}: {what}.")
        return Read(_as_one(items), wanted.seed, torch.get_rng_state().numpy().tobytes())


def _as_one(items: list[Any]) -> Sequence[Any] | Tensor:
    """In a worker, tensors of one form as one tensor: each that leaves a process costs a file handle."""
    forms = {(item.shape, item.dtype) if isinstance(item, Tensor) else None for item in items}
    alike = len(forms) == 1 and None not in forms
    return torch.stack(items) if alike and get_worker_info() is not None else items
