"""What `data verify` and `data info` tell of a benchmark's protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.protocols.check import ProtocolCheck
from cir_bench.protocols.find import ChosenBenchmark
from cir_bench.protocols.protocol import Protocol


@dataclass(frozen=True)
class Training:
    """The train split: how many triplets, every image that training may read, or why there is none to look at."""

    n_triplets: int | None
    images: Sequence[str] = ()
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.n_triplets} training triplets" if self.n_triplets is not None else f"! {self.problem}"


def training_of(dataset: Dataset) -> Training:
    """The train split; evaluation may be possible without it, so that a missing file is no error here."""
    try:
        return Training(len(dataset.train()), dataset.train_images())
    except DataError as error:
        return Training(None, problem=str(error))


def protocols_of(chosen: ChosenBenchmark, name: str) -> Mapping[str, Protocol]:
    """The protocol that ``name`` asks for, or all of the benchmark's."""
    if "/" in name.partition(":")[0]:
        return {chosen.protocol_key: chosen.protocol}
    return chosen.benchmark.protocols


def protocol_facts(chosen: ChosenBenchmark, checks: Mapping[str, ProtocolCheck]) -> dict[str, Any]:
    """By protocol: hash, counts (None where the data does not fit it), problems and notes."""
    return {
        key: {
            "hash": chosen.benchmark.protocols[key].hash(),
            "n_queries": check.evaluation.n_queries if check.evaluation else None,
            "n_gallery": check.evaluation.n_gallery if check.evaluation else None,
            "problems": check.problems,
            "notes": check.notes,
        }
        for key, check in checks.items()
    }


def counted(key: str, check: ProtocolCheck) -> str:
    """``protocol original@1: dress 2017 queries over 3817 images, …``, of the data that is there."""
    if check.evaluation is None:
        return f"protocol {key}"
    return _line(key, check.evaluation.n_queries, check.evaluation.n_gallery)


def published(key: str, protocol: Protocol) -> str:
    """The same, of complete data: what the protocol expects."""
    return _line(key, protocol.expected.n_queries, protocol.expected.n_gallery)


def _line(key: str, queries: Mapping[str, int], gallery: Mapping[str, int]) -> str:
    parts = [f"{part + ' ' if part else ''}{queries[part]} queries over {gallery[part]} images" for part in queries]
    return f"protocol {key}" + (f": {', '.join(parts)}" if parts else "")
