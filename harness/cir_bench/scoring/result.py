"""`ProtocolResult`: the numbers of one protocol, with everything that must be reported next to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cir_bench.evaluation.measure import PartSize


@dataclass(frozen=True)
class ProtocolResult:
    """The numbers of one protocol, with everything that must be reported next to them.

    Attributes:
        protocol: ``fashioniq/original@1``.
        protocol_hash: of every convention of it.
        reference: ``kept`` or ``removed``.
        metrics: in percent (ranks: as they are), by ``dress/R@10``, ``mean/R@10``, …, or ``R@10`` for a benchmark
            without parts; the headline is among them, by its own name.
        headline: the name of the headline.
        parts: number of queries and gallery images by part; ``""`` for a benchmark without parts.
        n_queries: over all parts.
        n_gallery: over all parts.
        faults: what did not fit, one sentence each; with any, the numbers are partial.
        notes: what else is worth knowing, one sentence each.
        tags: ``{tag: {"n": queries, "R@10": value, …}}``.
    """

    protocol: str
    protocol_hash: str
    reference: str
    metrics: Mapping[str, float]
    headline: str
    parts: Mapping[str, PartSize]
    n_queries: int
    n_gallery: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    tags: Mapping[str, Mapping[str, float]]

    @property
    def partial(self) -> bool:
        """Whether something was missing or did not fit."""
        return bool(self.faults)
