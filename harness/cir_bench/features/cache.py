"""`FeatureCache`: the features of a frozen encoder, encoded at most once. The package's docstring shows the files."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cir_bench.errors import RunError
from cir_bench.features.fill import Progress, fill, no_progress
from cir_bench.features.identity import Identity
from cir_bench.features.request import FeatureRequest
from cir_bench.features.store import RowLocations, Store
from cir_bench.features.table import FeatureTable
from cir_bench.interfaces.features import FeatureShape
from cir_bench.ranks.group import ALONE, Ranks

TOKENS_PER_ITEM = 32
"""Assumed length of a token sequence, for estimates only."""
FLOAT_BYTES = 4

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class MissingFeatures:
    """How many ``of`` the distinct items asked for lack at least one level, and an estimate of their disk space."""

    items: int
    of: int
    nbytes: int


class FeatureCache:
    """Features by content, below ``root`` (``<cache dir>/features``); safe to share between processes.

    Features depend on the encoder's name, weights, preprocessing and code version, the role, the item's content and
    what decodes JPEG files; a change of any of them is a miss, and nothing else is. Of several ``ranks``, each encodes
    a share of what is missing.
    """

    def __init__(self, root: Path, ranks: Ranks = ALONE) -> None:
        self.root, self._ranks = root, ranks
        self._stores: dict[Identity, Store] = {}

    def table(
        self, request: FeatureRequest, progress: Progress = no_progress, also: Callable[[], Iterable[str]] = tuple
    ) -> FeatureTable:
        """The features asked for, encoding what is missing; ``progress`` is not called when nothing is.

        Items that are encoded are stored at the columns ``also``, too, which is not called when nothing is missing.
        """
        store, found = self._find(request)
        if any(self._ranks.exchange(any(rows.missing.any() for rows in found.values()))):
            # ranks cannot go on alone when a column fails, so several of them encode only what is asked for
            further = [column for column in also() if column not in request.columns] if self._ranks.size == 1 else []
            with self._lock(store):
                self._encode(request, store, further, progress)
                self._ranks.wait()
                _, found = self._find(request)
            if any(rows.missing.any() for rows in found.values()):
                raise RunError(
                    f"features that were just written to {store.folder} are gone or damaged; "
                    "check that nothing empties the cache folder and that its disk works, then run again."
                )
        slot = {item: number for number, item in enumerate(dict.fromkeys(request.digests))}
        slots = {name: slot[item] for name, item in zip(request.ids, request.digests, strict=True)}
        return FeatureTable(slots, found, request.identity.decoder)

    @contextmanager
    def _lock(self, store: Store) -> Iterator[None]:
        """Hold the store's lock, the first rank for all of them, with damaged shards removed."""
        if not self._ranks.first:
            self._ranks.wait()
            yield
            return
        with store.lock():
            store.sweep()
            self._ranks.wait()
            yield

    def missing(self, request: FeatureRequest) -> MissingFeatures:
        """What :meth:`table` would encode; nothing is encoded and no checksum is computed."""
        _, found = self._find(request, check=False)
        missing = np.any([rows.missing for rows in found.values()], axis=0)
        nbytes = sum(int(rows.missing.sum()) * _numbers(request.shape, c) * FLOAT_BYTES for c, rows in found.items())
        return MissingFeatures(int(np.sum(missing)), len(set(request.digests)), nbytes)

    def _encode(self, request: FeatureRequest, store: Store, further: Sequence[str], progress: Progress) -> None:
        if further:
            _, found = self._find(request)
            items = list(dict.fromkeys(request.digests))
            others = {column: store.find(items, column, request.scope, check=False) for column in further}
            try:
                fill(request, store, found | others, progress)
                return
            except Exception as error:  # perhaps due to columns that this request can do without
                _LOG.warning(
                    "features: %s, which later cells read, could not be extracted in one pass with %s (%s); they are "
                    "extracted for each cell",
                    ", ".join(further),
                    ", ".join(request.columns),
                    " ".join(str(error).split())[:200],
                )
        _, found = self._find(request)
        self._ranks.wait()  # all look before one writes: the shares are of the same items
        fill(request, store, found, progress, self._ranks)

    def _find(self, request: FeatureRequest, *, check: bool = True) -> tuple[Store, dict[str, RowLocations]]:
        """Where the distinct items of a request are, by column."""
        store = self._stores.setdefault(request.identity, Store(self.root, request.identity))
        items = list(dict.fromkeys(request.digests))
        return store, {column: store.find(items, column, request.scope, check=check) for column in request.columns}


def _numbers(shape: FeatureShape, column: str) -> int:
    """Numbers stored for one item in ``column``."""
    if column.startswith("map"):
        return math.prod(shape.maps[-int(column[3:])])
    return shape.width if column == "pooled" else (shape.tokens or 0) * TOKENS_PER_ITEM
