"""`SelectionMetrics`: what a checkpoint is chosen by."""

from __future__ import annotations

from dataclasses import dataclass

from cir_bench.evaluation.metrics import parse_metric
from cir_bench.protocols.protocol import Protocol
from cir_bench.retrieval.ranking import CandidateSet


@dataclass(frozen=True)
class SelectionMetrics:
    """The metrics ``names`` of the held-out part, and the ``keys`` of the result whose mean is the score.

    It is the protocol's headline, but without subset metrics: train triplets have no subset.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, protocol: Protocol) -> SelectionMetrics:
        """The selection metrics of a protocol."""
        keys = tuple(key for key in protocol.headline.mean_of if _on_gallery(key))
        keys = keys or tuple(name for name in protocol.metrics if _on_gallery(name))[:1]
        return cls(tuple(dict.fromkeys(key.rpartition("/")[2] for key in keys)), keys)

    def __str__(self) -> str:
        return self.keys[0] if len(self.keys) == 1 else f"mean of {', '.join(self.keys)}"


def _on_gallery(key: str) -> bool:
    return parse_metric(key.rpartition("/")[2]).family.candidates is CandidateSet.GALLERY
