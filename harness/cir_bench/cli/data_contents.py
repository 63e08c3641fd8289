"""What is in a data set, for `data verify` and `data info`: its train split, and counts by protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.protocols.check import ProtocolCheck
from cir_bench.protocols.protocol import Protocol


@dataclass(frozen=True)
class TrainSplit:
    """The number of training triplets and every image that training may read, or why they cannot be read."""

    n_triplets: int | None
    images: Sequence[str] = ()
    problem: str = ""

    @classmethod
    def read(cls, dataset: Dataset) -> TrainSplit:
        """Read the train split; evaluation may be possible without it, so that a missing file is not an error."""
        try:
            return cls(len(dataset.train()), dataset.train_images())
        except DataError as error:
            return cls(None, problem=str(error))

    def facts(self) -> dict[str, Any]:
        """As JSON values."""
        return {"n_train": self.n_triplets, "train_problem": self.problem or None}


def protocol_facts(protocols: Mapping[str, Protocol], checks: Mapping[str, ProtocolCheck]) -> dict[str, Any]:
    """By protocol: hash, counts (None if the data does not fit it), problems and notes."""
    facts = {}
    for key, check in checks.items():
        found = check.evaluation
        sizes = {"n_queries": found.n_queries if found else None, "n_gallery": found.n_gallery if found else None}
        facts[key] = {"hash": protocols[key].hash(), **sizes, "problems": check.problems, "notes": check.notes}
    return facts


def counted(key: str, check: ProtocolCheck) -> str:
    """``protocol original@1: dress 2017 queries over 3817 images, …``, of the data at hand."""
    found = check.evaluation
    return _line(key, found.n_queries if found else {}, found.n_gallery if found else {})


def published(key: str, protocol: Protocol) -> str:
    """The same of complete data: what the protocol expects."""
    return _line(key, protocol.expected.n_queries, protocol.expected.n_gallery)


def _line(key: str, queries: Mapping[str, int], gallery: Mapping[str, int]) -> str:
    parts = []
    for part, count in queries.items():
        over = f" over {gallery[part]} images" if part in gallery else ""  # a published gallery may not be known
        parts.append(f"{part + ' ' if part else ''}{count} queries{over}")
    return f"protocol {key}" + (f": {', '.join(parts)}" if parts else "")
