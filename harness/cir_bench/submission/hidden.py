"""A split whose targets are hidden: the format of its submissions, and what this machine knows about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.interfaces.submission import HiddenSet, Submission
from cir_bench.plugin.registry import Registered, blame, load_class
from cir_bench.protocols.protocol import Protocol

BASE = "cir_bench.interfaces.submission:Submission"


def load_submission(registered: Registered[DatasetSpec]) -> Submission:
    """The `Submission` that the data set's spec names; `ConfigError` if it names none."""
    if registered.spec.submission is None:
        raise ConfigError(f"{registered} has no hidden test set that a server scores, so there is nothing to submit.")
    implementation = load_class(registered, registered.spec.submission, BASE)
    with blame(registered, "constructing its submission"):
        return cast(Submission, implementation())


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
