"""`LiveSource`: features of the encoder as it is now, with gradients; an encoder under training is never cached."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from cir_bench.errors import CirBenchError, PluginError
from cir_bench.features.chunks import Chunks
from cir_bench.features.extract import read_item
from cir_bench.features.gather import gathered
from cir_bench.features.processes import read_in_order, worth_workers
from cir_bench.features.source import by_branch
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.ranks.group import ALONE, Ranks

T = TypeVar("T")

CHUNK = 32
"""Images that a worker reads at a time."""


class ImageRequest(NamedTuple):
    """An image to read, with the seed of its training augmentation; None: its evaluation item."""

    image: ImageRef
    seed: int | None = None


Part = tuple[Sequence[str], slice]
"""The images of a batch, and which of them this rank encodes."""


def place_seed(batch_seed: int, place: int) -> int:
    """The seed of one image of a batch."""
    return int.from_bytes(hashlib.blake2b(f"{batch_seed}/{place}".encode(), digest_size=8).digest(), "big") >> 1


def seed_devices(seed: int) -> None:
    """Seed torch's global generators, of the CPU and of every GPU.

    Without a GPU `torch.manual_seed` takes a thousand times as long: it keeps each call and its stack for later.
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


class ItemMemory:
    """Decoded items, kept so that an epoch does not decode again what the previous one did.

    Once ``max_bytes`` are used up, further items are decoded every time. A memory serves one encoder or copies of it.
    """

    def __init__(self, max_bytes: int = 1 << 30) -> None:
        self.full = False  # whether an item was turned away
        self._left = max_bytes
        self._items: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._items)

    def get(self, image_id: str) -> Any | None:
        """The item, or None."""
        return self._items.get(image_id)

    def put(self, image_id: str, item: Any) -> None:
        """Keep the item if there is room for it."""
        size = item.nbytes if isinstance(item, Tensor) else sys.getsizeof(item)
        if image_id in self._items:
            return
        if size > self._left:
            self.full = True
        else:
            self._items[image_id] = item
            self._left -= size


class LiveSource:
    """A `FeatureSource` that runs the encoder, in the mode and with the gradients that the caller has set.

    ``encoders`` are copies by branch, which share decoded items in ``memory`` and encode in ``chunks``; ``image`` gives
    an image's handle by id. There are ``workers`` processes that read training batches ahead, and threads that decode a
    batch at evaluation. Each of several ``ranks`` encodes its share of what is asked for, and gets the features of all.
    """

    def __init__(
        self,
        encoders: Mapping[str, Encoder],
        image: Callable[[str], ImageRef],
        image_levels: frozenset[FeatureLevel],
        text_levels: frozenset[FeatureLevel],
        joint_levels: frozenset[FeatureLevel] = frozenset(),
        *,
        memory: ItemMemory | None = None,
        chunks: Chunks | None = None,
        workers: int = 0,
        ranks: Ranks = ALONE,
    ) -> None:
        self._encoders = dict(encoders)
        self._image = image
        self._image_levels, self._text_levels, self._joint_levels = image_levels, text_levels, joint_levels
        self._memory = ItemMemory() if memory is None else memory
        self._chunks = Chunks() if chunks is None else chunks
        self._workers, self._ranks = workers, ranks
        self._threads = ThreadPoolExecutor(workers) if workers > 1 else None

    def images(self, ids: Sequence[str]) -> Features:
        """Features of B images, repeats included."""
        return self._shared(ids, lambda own: self._encoded(self._items(own, {})))

    def train_images(self, batches: Sequence[Sequence[str]], seeds: Sequence[int]) -> Iterator[Features]:
        """Features of each batch's images; the images of coming batches are read in the meantime."""
        parts = [(names, self._ranks.share(len(names))) for names in batches]
        items = self._augmented(parts, seeds) if self._first.augments else self._plain(parts, seeds)
        return (gathered(self._ranks, self._encoded(own) if own else None) for own in items)

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts."""
        return self._shared(
            texts,
            lambda own: self._in_chunks(lambda encoder, part: encoder.encode_texts(part, self._text_levels), own),
        )

    def pairs(self, images: Sequence[str], texts: Sequence[str]) -> Features | None:
        """Joint features of B images, not augmented, each with its text; None if the method reads none."""
        if not (levels := self._joint_levels):
            return None

        def encode(own: Sequence[tuple[str, str]]) -> Features:
            items = self._items([image for image, _ in own], {})
            words = [text for _, text in own]
            return self._in_chunks(lambda encoder, *part: encoder.encode_pairs(*part, levels), items, words)

        return self._shared(list(zip(images, texts, strict=True)), encode)

    def _shared(self, items: Sequence[T], encode: Callable[[Sequence[T]], Features]) -> Features:
        """Features of all items, of which this rank encodes its share."""
        own = items[self._ranks.share(len(items))]
        return gathered(self._ranks, encode(own) if own else None)

    @property
    def _first(self) -> Encoder:
        return next(iter(self._encoders.values()))

    def _encoded(self, items: Sequence[Any]) -> Features:
        return self._in_chunks(lambda encoder, part: encoder.encode_images(part, self._image_levels), items)

    def _in_chunks(self, encode: Callable[..., Features], *items: Sequence[Any]) -> Features:
        """``encode(encoder, *items)`` of every copy of the encoder."""
        return by_branch(self._encoders, lambda encoder: self._chunks.encode(partial(encode, encoder), *items))

    def _augmented(self, parts: Sequence[Part], seeds: Sequence[int]) -> Iterator[list[Any]]:
        """Items drawn anew for each batch."""
        batches = [
            [ImageRequest(self._image(names[place]), place_seed(seed, place)) for place in range(len(names))[share]]
            for (names, share), seed in zip(parts, seeds, strict=True)
        ]
        items = self._read_ahead([request for batch in batches for request in batch], batches)
        for batch, seed in zip(batches, seeds, strict=True):
            own = list(islice(items, len(batch)))
            self._seed(seed)
            yield own

    def _plain(self, parts: Sequence[Part], seeds: Sequence[int]) -> Iterator[list[Any]]:
        """Items without augmentation; what the memory lacks is read ahead, once as long as the memory has room."""
        batches = [names[share] for names, share in parts]
        absent: list[list[str]] = []
        coming: set[str] = set()
        for names in batches:
            absent.append([n for n in dict.fromkeys(names) if self._memory.get(n) is None and n not in coming])
            if not self._memory.full:
                coming.update(absent[-1])
        if not worth_workers(sum(map(len, absent)), self._workers):
            absent = [[] for _ in batches]
        items = self._read_ahead([ImageRequest(self._image(name)) for names in absent for name in names], batches)
        for names, lacking, seed in zip(batches, absent, seeds, strict=True):
            read = dict(zip(lacking, islice(items, len(lacking)), strict=True))
            self._seed(seed)
            yield self._items(names, read)

    def _seed(self, batch_seed: int) -> None:
        """Seed torch's generators for the encoder, on each rank differently: its rows are others."""
        seed_devices(place_seed(batch_seed, -self._ranks.number) if self._ranks.number else batch_seed)

    def _read_ahead(self, requests: Sequence[ImageRequest], batches: Sequence[Sequence[Any]]) -> Iterator[Any]:
        """Items of single images in order, two batches ahead; what is wrong with an image is raised at its turn."""
        encoder, workers, ahead = self._first, self._workers, 2 * max(map(len, batches), default=0)
        prefetch = max(2, math.ceil(ahead / (CHUNK * max(1, workers))))
        return read_in_order(lambda at: _read(encoder, requests[at]), len(requests), CHUNK, workers, prefetch)

    def _items(self, ids: Sequence[str], read: Mapping[str, Any]) -> list[Any]:
        """Items without augmentation: from ``read`` or the memory, or decoded now."""
        for name, item in read.items():
            self._memory.put(name, item)
        found = {name: read[name] if name in read else self._memory.get(name) for name in ids}
        absent = [name for name, item in found.items() if item is None]

        def decode(name: str) -> Any:
            return read_item(self._first, self._image(name))

        for name, item in zip(absent, (self._threads.map if self._threads else map)(decode, absent), strict=True):
            found[name] = item
            self._memory.put(name, item)
        return [found[name] for name in ids]


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
