"""Whether a data set is what a protocol expects: its counts, and common mistakes of annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cir_bench.errors import DataError, examples
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.metrics import Metric, parse_metric
from cir_bench.interfaces.dataset import Dataset
from cir_bench.protocols.build import check_headline, eval_set
from cir_bench.protocols.eval_set import EvalPart, EvalSet, Truth
from cir_bench.protocols.mbeir import under
from cir_bench.protocols.protocol import Protocol
from cir_bench.retrieval.ranking import CandidateSet

CHANCE_TOLERANCE = 0.005
"""Chance levels have three significant digits."""
NEVER_HIT = "can never be hit, because their target is their excluded reference"
QUOTED = 60
"""Letters of a text that is quoted."""


@dataclass(frozen=True)
class ProtocolCheck:
    """The data set under the protocol, None if that fails; what to correct and what is worth knowing, in sentences."""

    evaluation: EvalSet | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_protocol(dataset: Dataset, protocol: Protocol) -> ProtocolCheck:
    """Compare a data set's annotations with what a protocol expects; images are not looked at."""
    try:
        check_headline(dataset, protocol)
        evaluation = eval_set(dataset, protocol)
    except DataError as error:
        return ProtocolCheck(None, (str(error),))
    problems = (*train_problems(dataset, protocol), *evaluation_problems(evaluation, protocol, dataset))
    return ProtocolCheck(evaluation, problems, evaluation_notes(evaluation))


def evaluation_notes(whole: EvalSet) -> tuple[str, ...]:
    """What is worth knowing about queries, one sentence each."""
    return tuple(note for name, part in whole.parts.items() for note in _notes(name, part))


def train_problems(dataset: Dataset, protocol: Protocol) -> tuple[str, ...]:
    """What is wrong with the training triplets, one sentence each."""
    expected = protocol.expected
    if expected.n_train is None and expected.captions is None:
        return ()
    try:
        train = dataset.train()
    except DataError as error:  # evaluation may be possible without them
        return (str(error),)
    problems = _count("", "training triplets", len(train), expected.n_train)
    odd = [f"{t.reference} to {t.target}" for t in train if len(t.captions) != expected.captions]
    if expected.captions is not None and odd:
        problems.append(f"{len(odd)} training triplets do not have {expected.captions} captions: {examples(odd)}.")
    return tuple(problems)


def evaluation_problems(whole: EvalSet, protocol: Protocol, dataset: Dataset) -> tuple[str, ...]:
    """What is wrong with queries and galleries, one sentence each, the worst first; ``whole``: no image is left out."""
    expected = protocol.expected
    problems = [problem for name, part in whole.parts.items() for problem in _query_problems(name, part, protocol)]
    asked = under(dataset, protocol).queries(protocol.split)
    odd = [q.id for q in asked if len(q.captions) != expected.captions]
    if expected.captions is not None and odd:
        problems.append(f"{len(odd)} queries do not have {expected.captions} captions: {examples(odd)}.")
    for what, counts, found in (
        ("queries", expected.n_queries, whole.n_queries),
        ("gallery images", expected.n_gallery, whole.n_gallery),
    ):
        for name, count in counts.items():
            problems += _count(name, what, found.get(name, 0), count)
    for name, part in whole.parts.items():
        problems += _chance_problems(name, part, protocol)
    return tuple(problems)


def cut_note(what: str, cut: Sequence[str], of: int, encoder: str) -> str:
    """How many were cut, with examples."""
    shown = examples([f"{text:.{QUOTED}}{'…' if len(text) > QUOTED else ''}" for text in cut], between="; ")
    examples_of = f": {shown}" if cut else ""
    return f"{len(cut)} of {of} {what} are longer than the encoder {encoder} reads and lose their end{examples_of}"


def _count(part: str, what: str, found: int, expected: int | None) -> list[str]:
    return [] if expected in (None, found) else [f"{_of(part)}{found} {what}, {expected} expected."]


def _query_problems(name: str, part: EvalPart, protocol: Protocol) -> list[str]:
    gallery = set(part.gallery)
    truth, expected = part.truth, protocol.expected
    outside = [q.id for q in part.queries if not gallery.issuperset(image for image in truth[q.id].targets if image)]
    aside = [q.id for q in part.queries if protocol.subset and _outside_subset(truth[q.id])]
    published = name in expected.n_queries  # otherwise a note says it
    never = [q.id for q in part.queries if published and _unhittable(truth[q.id])]
    repeated = _repeated(part)
    found = (
        (outside, 0, "have a target outside the gallery"),
        (aside, 0, "have no target among the candidates of their subset ranking"),
        (never, expected.n_never_hit.get(name, 0), NEVER_HIT),
        (repeated, expected.n_repeated.get(name, 0), "repeat the reference, text and targets of another"),
    )
    return [
        f"{_of(name)}{len(ids)} queries {what}{f' ({most} expected)' if most else ''}: {examples(ids)}."
        for ids, most, what in found
        if len(ids) > most
    ]


def _chance_problems(name: str, part: EvalPart, protocol: Protocol) -> list[str]:
    problems = []
    for key, published in protocol.expected.chance.items():
        part_name, _, metric = key.rpartition("/")
        if part_name == name:
            level = _chance(part, parse_metric(metric))
            if abs(level - published) > CHANCE_TOLERANCE * published:
                problems.append(f"a random ranking scores {level:.3g} % {key}, {published:.3g} expected.")
    return problems


def _notes(name: str, part: EvalPart) -> list[str]:
    truth = part.truth
    kinds = (
        (_unhittable, NEVER_HIT),
        (_ungraded, "have graded images without their target, for which soft metrics therefore give nothing"),
    )
    found = [([q.id for q in part.queries if wrong(truth[q.id])], what) for wrong, what in kinds]
    found.append(([q.id for q in part.queries if not any(q.texts)], "have an empty text"))
    return [f"{_of(name)}{len(ids)} queries {what}: {examples(ids)}." for ids, what in found if ids]


def _repeated(part: EvalPart) -> list[str]:
    """Queries that ask what an earlier one asks."""
    seen: set[tuple[object, ...]] = set()
    repeated = []
    for query in part.queries:
        asked = (query.references, query.texts, part.truth[query.id].targets)
        if asked in seen:
            repeated.append(query.id)
        seen.add(asked)
    return repeated


def _outside_subset(truth: Truth) -> bool:
    return bool(truth.targets and truth.subset) and set(truth.targets).isdisjoint(truth.subset)


def _unhittable(truth: Truth) -> bool:
    return bool(truth.targets) and set(truth.targets) <= set(truth.excluded)


def _ungraded(truth: Truth) -> bool:
    return bool(truth.gains) and truth.gains.keys().isdisjoint(truth.targets)


def _chance(part: EvalPart, metric: Metric) -> float:
    candidates = part.subsets() if metric.family.candidates is CandidateSet.SUBSET else None
    constant = constant_ranking(part.query_set, part.gallery, candidates)
    return metric.over_queries(metric.per_query(constant), part.query_set.groups)


def _of(part: str) -> str:
    return f"{part}: " if part else ""
