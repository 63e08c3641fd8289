"""`FeatureCache`: the features of a frozen encoder, encoded at most once. The package's docstring shows the files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cir_bench.errors import RunError
from cir_bench.features.extract import item_batches
from cir_bench.features.fill import Job, Progress, fill, no_progress
from cir_bench.features.identity import Identity, columns, text_digest
from cir_bench.features.store import RowLocations, Scope, Store
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features, FeatureShape
from cir_bench.interfaces.levels import FeatureLevel

TOKENS_PER_ITEM = 32
"""Assumed length of a token sequence, for estimates only."""
FLOAT_BYTES = 4


@dataclass(frozen=True)
class MissingFeatures:
    """What an extraction would have to do."""

    items: int
    """Distinct items that lack at least one level."""
    of: int
    """Distinct items asked for."""
    nbytes: int
    """Estimated disk space."""


class FeatureCache:
    """Features by content, below ``root`` (``<cache dir>/features``); safe to share between processes.

    Features depend on the encoder's name, weights, preprocessing and code version, the role and the item's content; a
    change of any of them is a miss, and nothing else is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._stores: dict[Identity, Store] = {}

    def image_features(
        self,
        name: str,
        encoder: Encoder,
        images: Sequence[ImageRef],
        levels: Iterable[FeatureLevel],
        *,
        scope: Scope,
        map_levels: int = 1,
        batch_size: int = 64,
        workers: int = 0,
        progress: Progress = no_progress,
    ) -> FeatureTable:
        """Features of ``images`` at ``levels`` (of the maps only the ``map_levels`` deepest), encoding what is missing.

        Args:
            name: the encoder's name with argument, as in the cell.
            encoder: used in evaluation mode, on the device it is on.
            images: repeats are fine.
            levels: what is stored, and what the table's rows hold.
            scope: (data set, split), the folder that new features are written to.
            map_levels: how many maps, counted from the deepest.
            batch_size: images per forward pass.
            workers: processes that decode images; small sets are decoded in this one.
            progress: called before the first batch and after every batch; not at all when nothing is missing.

        Raises:
            DataError: an image is missing or cannot be decoded; names it.
        """

        def encode(positions: Sequence[int], wanted: frozenset[FeatureLevel]) -> Iterator[Features]:
            for items in item_batches(encoder, [images[position] for position in positions], batch_size, workers):
                yield encoder.encode_images(items, wanted)

        digests = [encoder.image_digest(image) for image in images]
        job = Job(name, encoder, "image", scope, encode, batch_size, progress)
        return self._features(job, [image.id for image in images], digests, columns(levels, map_levels))

    def text_features(
        self,
        name: str,
        encoder: Encoder,
        texts: Sequence[str],
        levels: Iterable[FeatureLevel],
        *,
        scope: Scope,
        batch_size: int = 256,
        progress: Progress = no_progress,
    ) -> FeatureTable:
        """Features of ``texts``; equal texts are encoded once, and the table's ids are the texts themselves."""

        def encode(positions: Sequence[int], wanted: frozenset[FeatureLevel]) -> Iterator[Features]:
            for start in range(0, len(positions), batch_size):
                chosen = [texts[position] for position in positions[start : start + batch_size]]
                yield encoder.encode_texts(chosen, wanted)

        digests = [text_digest(text) for text in texts]
        length = [len(text) for text in texts]
        job = Job(name, encoder, "text", scope, encode, batch_size, progress, order=length.__getitem__)
        return self._features(job, texts, digests, columns(levels, 0))

    def missing_images(
        self,
        name: str,
        encoder: Encoder,
        images: Sequence[ImageRef],
        levels: Iterable[FeatureLevel],
        *,
        scope: Scope,
        map_levels: int = 1,
    ) -> MissingFeatures:
        """What :meth:`image_features` would encode; nothing is encoded and no checksum is computed."""
        digests = [encoder.image_digest(image) for image in images]
        wanted = columns(levels, map_levels)
        return self._missing(Identity.of(name, encoder, "image"), encoder.shape.image, digests, wanted, scope)

    def missing_texts(
        self, name: str, encoder: Encoder, texts: Sequence[str], levels: Iterable[FeatureLevel], *, scope: Scope
    ) -> MissingFeatures:
        """What :meth:`text_features` would encode."""
        digests = [text_digest(text) for text in texts]
        return self._missing(Identity.of(name, encoder, "text"), encoder.shape.text, digests, columns(levels, 0), scope)

    def _store(self, identity: Identity) -> Store:
        return self._stores.setdefault(identity, Store(self.root, identity))

    def _missing(
        self, identity: Identity, shape: FeatureShape, digests: Sequence[str], wanted: Sequence[str], scope: Scope
    ) -> MissingFeatures:
        items = list(dict.fromkeys(digests))
        found = {c: self._store(identity).find(items, c, scope, check=False) for c in wanted}
        any_missing = np.any([rows.missing for rows in found.values()], axis=0)
        nbytes = sum(int(rows.missing.sum()) * _numbers(shape, c) * FLOAT_BYTES for c, rows in found.items())
        return MissingFeatures(int(np.sum(any_missing)), len(items), nbytes)

    def _features(self, job: Job, ids: Sequence[str], digests: Sequence[str], wanted: Sequence[str]) -> FeatureTable:
        store = self._store(Identity.of(job.name, job.encoder, job.role))
        first = {digest: len(digests) - 1 - back for back, digest in enumerate(reversed(digests))}
        items = list(dict.fromkeys(digests))
        slot = {item: number for number, item in enumerate(items)}

        def look() -> dict[str, RowLocations]:
            return {column: store.find(items, column, job.scope) for column in wanted}

        found = look()
        if any(rows.missing.any() for rows in found.values()):
            with store.lock():
                store.sweep()
                fill(job, store, items, [first[item] for item in items], look())
                found = look()
            if any(rows.missing.any() for rows in found.values()):
                raise RunError(
                    f"features that were just written to {store.folder} are gone or damaged; "
                    "check that nothing empties the cache folder and that its disk works, then run again."
                )
        return FeatureTable({name: slot[digest] for name, digest in zip(ids, digests, strict=True)}, found)


def _numbers(shape: FeatureShape, column: str) -> int:
    """Numbers stored for one item in ``column``."""
    if column.startswith("map"):
        return math.prod(shape.maps[-int(column[3:])])
    return shape.width if column == "pooled" else (shape.tokens or 0) * TOKENS_PER_ITEM
