"""`LiveSource`: features of the encoder as it is now, with gradients. What is being trained never meets the cache."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from torch import Tensor

from cir_bench.features.extract import read_item
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.levels import Level

MAIN = "main"
"""The branch's name when a method has one encoder."""


class ItemMemory:
    """Decoded items, kept so that an epoch does not decode again what the last one did.

    First come, first kept: once ``max_bytes`` are full, further items are decoded every time. Items of an encoder
    belong to its preprocessing, so one memory serves one encoder (or copies of it).
    """

    def __init__(self, max_bytes: int = 1 << 30) -> None:
        self._left = max_bytes
        self._items: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._items)

    def get(self, image_id: str) -> Any | None:
        """The item, or None."""
        return self._items.get(image_id)

    def put(self, image_id: str, item: Any) -> None:
        """Keep the item if there is room."""
        size = item.nbytes if isinstance(item, Tensor) else sys.getsizeof(item)
        if size <= self._left and image_id not in self._items:
            self._items[image_id] = item
            self._left -= size


class LiveSource:
    """A `FeatureSource` that runs the encoder; in its training mode and with gradients if the caller set them so.

    Args:
        encoders: encoder copies by branch, ``{"main": encoder}`` without branches. Copies share the decoded items.
        image: the handle of an image by id.
        image_levels: levels asked of images.
        text_levels: levels asked of texts.
        memory: where decoded items are kept; one per run, so that a second source finds them again.
        workers: threads that decode a batch; random augmentation is always drawn in order, by one.
    """

    def __init__(
        self,
        encoders: Mapping[str, Encoder],
        image: Callable[[str], ImageRef],
        image_levels: frozenset[Level],
        text_levels: frozenset[Level],
        *,
        memory: ItemMemory | None = None,
        workers: int = 0,
    ) -> None:
        self._encoders = dict(encoders)
        self._image = image
        self._image_levels, self._text_levels = image_levels, text_levels
        self._memory = ItemMemory() if memory is None else memory
        self._threads = ThreadPoolExecutor(workers) if workers > 1 else None

    def images(self, ids: Sequence[str], *, train: bool = False) -> Features:
        """Features of B images, repeats included."""
        items = self._items(ids, train)
        return self._branched(lambda encoder: encoder.encode_images(items, self._image_levels))

    def texts(self, texts: Sequence[str]) -> Features:
        """Features of B texts."""
        return self._branched(lambda encoder: encoder.encode_texts(texts, self._text_levels))

    def _branched(self, encode: Callable[[Encoder], Features]) -> Features:
        if list(self._encoders) == [MAIN]:
            return encode(self._encoders[MAIN])
        return Features(branches={name: encode(encoder) for name, encoder in self._encoders.items()})

    def _items(self, ids: Sequence[str], train: bool) -> list[Any]:
        first = next(iter(self._encoders.values()))
        if train and first.augments:
            return [read_item(first, self._image(name), train=True) for name in ids]
        known = {name: self._memory.get(name) for name in ids}
        absent = [name for name, item in known.items() if item is None]

        def decode(name: str) -> Any:
            return read_item(first, self._image(name))

        for name, item in zip(absent, (self._threads.map if self._threads else map)(decode, absent), strict=True):
            known[name] = item
            self._memory.put(name, item)
        return [known[name] for name in ids]
