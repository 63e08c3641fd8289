"""What this machine knows about a split whose targets are hidden."""

from __future__ import annotations

from collections.abc import Callable

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.submission import HiddenSet
from cir_bench.protocols.protocol import Protocol


def hidden_set(open_dataset: Callable[[], Dataset], protocol: Protocol) -> tuple[HiddenSet, tuple[str, ...]]:
    """What a submission under ``protocol`` is checked against, and one sentence for everything that cannot be checked.

    ``open_dataset`` opens the data set, or raises `DataError` if its files are missing.
    """
    counts = protocol.expected.n_queries
    expected = sum(counts.values()) if counts else None
    try:
        dataset = open_dataset()
    except DataError as error:
        return HiddenSet(expected), (f"which queries there are, and which images: {error}",)
    unchecked: list[str] = []
    queries = gallery = None
    try:
        queries = {query.id: query for query in dataset.queries(protocol.split)}
    except DataError as error:
        unchecked.append(f"which queries there are: {error}")
    try:
        gallery = frozenset(image for part in dataset.parts for image in dataset.gallery(protocol.split, part))
    except DataError as error:
        unchecked.append(f"whether images are in the gallery: {error}")
    return HiddenSet(expected if queries is None else len(queries), queries, gallery), tuple(unchecked)
