"""Whether a data set is what a protocol expects: its counts, and common mistakes of annotations."""

from __future__ import annotations

from dataclasses import dataclass

from cir_bench.errors import DataError, examples
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.metrics import Metric, parse_metric
from cir_bench.interfaces.dataset import Dataset
from cir_bench.protocols.build import check_headline, eval_set
from cir_bench.protocols.eval_set import EvalPart, EvalSet, Truth
from cir_bench.protocols.protocol import Protocol
from cir_bench.retrieval.ranking import CandidateSet

CHANCE_TOLERANCE = 0.005
"""Chance levels have three significant digits."""


@dataclass(frozen=True)
class ProtocolCheck:
    """The data set under the protocol, None if that fails; what to correct and what is worth knowing, in sentences."""

    evaluation: EvalSet | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_protocol(dataset: Dataset, protocol: Protocol) -> ProtocolCheck:
    """Compare a data set's annotations with the counts that a protocol expects; images are not looked at."""
    try:
        check_headline(dataset, protocol)
        evaluation = eval_set(dataset, protocol)
    except DataError as error:
        return ProtocolCheck(None, (str(error),))
    expected = protocol.expected
    problems: list[str] = []
    notes: list[str] = []
    if expected.n_train is not None:
        try:
            found = len(dataset.train())
        except DataError as error:  # evaluation may be possible without them
            problems.append(str(error))
        else:
            problems += [f"{found} training triplets, {expected.n_train} expected."] * (found != expected.n_train)
    for what, counts, found_counts in (
        ("queries", expected.n_queries, evaluation.n_queries),
        ("gallery images", expected.n_gallery, evaluation.n_gallery),
    ):
        problems += [
            f"{_of(part)}{found_counts.get(part, 0)} {what}, {count} expected."
            for part, count in counts.items()
            if found_counts.get(part, 0) != count
        ]
    for name, part in evaluation.parts.items():
        _check_part(name, part, protocol, problems, notes)
    return ProtocolCheck(evaluation, tuple(problems), tuple(notes))


def _check_part(name: str, part: EvalPart, protocol: Protocol, problems: list[str], notes: list[str]) -> None:
    gallery = set(part.gallery)
    outside = [q.id for q in part.queries if not gallery.issuperset(part.truth[q.id].targets)]
    if outside:
        problems.append(f"{_of(name)}{len(outside)} queries have a target outside the gallery: {examples(outside)}.")
    never = [q.id for q in part.queries if _unhittable(part.truth[q.id])]
    ungraded = [q.id for q in part.queries if _ungraded(part.truth[q.id])]
    empty = [q.id for q in part.queries if not any(q.texts)]
    for found, what in (
        (never, "queries can never be hit, because their target is their excluded reference"),
        (ungraded, "queries have graded images without their target, for which soft metrics therefore give nothing"),
        (empty, "queries have an empty text"),
    ):
        notes += [f"{_of(name)}{len(found)} {what}: {examples(found)}."] * bool(found)
    for key, published in protocol.expected.chance.items():
        part_name, _, metric = key.rpartition("/")
        if part_name == name:
            level = _chance(part, parse_metric(metric))
            if abs(level - published) > CHANCE_TOLERANCE * published:
                problems.append(f"a random ranking scores {level:.3g} % {key}, {published:.3g} expected.")


def _unhittable(truth: Truth) -> bool:
    return bool(truth.targets) and set(truth.targets) <= set(truth.excluded)


def _ungraded(truth: Truth) -> bool:
    return bool(truth.gains) and truth.gains.keys().isdisjoint(truth.targets)


def _chance(part: EvalPart, metric: Metric) -> float:
    candidates = part.subsets() if metric.family.candidates is CandidateSet.SUBSET else None
    constant = constant_ranking(part.query_set, part.gallery, candidates)
    return metric.family.over_queries(metric.per_query(constant))


def _of(part: str) -> str:
    return f"{part}: " if part else ""
