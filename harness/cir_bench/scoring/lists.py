"""Ranked lists of image ids, best first, under a protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from cir_bench.errors import DataError
from cir_bench.evaluation.external import rank_external
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.protocol import Protocol
from cir_bench.retrieval.parts import CandidateSet, PartRankings

Lists: TypeAlias = "Mapping[str, Sequence[str | int]]"
"""By query id image ids, best first."""


@dataclass(frozen=True)
class Judged:
    """Rankings by part, and what was found wrong with what they were made from."""

    rankings: Mapping[str, PartRankings]
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def rank_lists(
    ranked: Lists, evaluation: EvalSet, protocol: Protocol, *, subset: Lists | None = None, allow_partial: bool = False
) -> Judged:
    """Rankings of an evaluation's parts.

    Args:
        ranked: of the whole gallery.
        evaluation: the data set under the protocol.
        protocol: the conventions.
        subset: for a protocol with a subset ranking (CIRR) each query's own few candidates, best first; None: they are
            read off ``ranked``, which must then reach down to them.
        allow_partial: score what is there of lists that do not fit.

    Raises:
        DataError: the lists do not fit the evaluation and ``allow_partial`` is off.
    """
    parts = {name: part.external for name, part in evaluation.parts.items()}
    rankings, report = rank_external(ranked, parts, depth=protocol.depth(), allow_partial=allow_partial)
    if not protocol.subset:
        plain = {name: PartRankings(ranking) for name, ranking in rankings.items()}
        return Judged(plain, tuple(report.faults()), tuple(report.notes()))
    few = {name: part.external_subsets for name, part in evaluation.parts.items()}
    depth = protocol.depth(CandidateSet.SUBSET)
    if subset is None:  # one list for both; its other faults are in the first report
        subsets, found = rank_external(ranked, few, depth=depth, allow_partial=allow_partial)
        report = replace(report, short_subsets=found.short_subsets)
        own: list[str] = []
    else:
        try:
            subsets, found = rank_external(subset, few, depth=depth, allow_partial=allow_partial)
        except DataError as error:
            raise DataError(f"The lists of the subset ranking: {error}") from error
        own = [f"The lists of the subset ranking: {fault}" for fault in found.faults()]
    both = {name: PartRankings(rankings[name], subsets[name]) for name in rankings}
    return Judged(both, (*report.faults(), *own), tuple(report.notes()))
