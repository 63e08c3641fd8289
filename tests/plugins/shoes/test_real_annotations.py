"""The published counts and chance levels, held against the real annotation files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support.chance import chance_level, random_sides
from support.protocols import protocol

from cir_bench.evaluation.measure import measure
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.check import check_protocol
from cir_bench.protocols.eval_set import EvalPart
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search
from cir_bench_shoes.dataset import Shoes

pytestmark = pytest.mark.shared
Open = Callable[..., Shoes]
METRICS = ["R@1", "R@10", "R@50"]
CEILING = {"eval": (1761, 1760), "eval-both-sides": (3521, 3520)}
"""Queries, and those that can be hit: in one, shoes-8619, reference and target are one image."""


def ranked(part: EvalPart, queries: torch.Tensor, gallery: torch.Tensor) -> Ranking:
    return search(DotScorer(queries, gallery), part.query_set, part.gallery)


@pytest.fixture(scope="module", params=CEILING)
def part(request: pytest.FixtureRequest, real: Open) -> EvalPart:
    return eval_set(real(), protocol(f"shoes/{request.param}")).parts[""]


@pytest.mark.parametrize("name", CEILING)
def test_every_protocols_expected_facts_hold(name: str, real: Open) -> None:
    check = check_protocol(real(), protocol(f"shoes/{name}"))
    assert check.problems == ()
    (note,) = check.notes
    assert note.startswith("1 queries can never be hit, because their target is their excluded reference: shoes-8619")


def test_the_splits_are_as_published(real: Open) -> None:
    train = real().train()
    assert len(train) == 8990 and len(real().train_images()) <= 10_000
    assert sum(triplet.reference == triplet.target for triplet in train) == 26
    assert len(real(sides="both").train()) == 17_954
    assert real().queries("eval")[0].id == "shoes-8"


def test_from_both_sides_every_query_but_one_stands_there_twice(real: Open) -> None:
    def asked(split: str) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        return [(query.reference, query.captions, query.targets) for query in real().queries(split)]

    once, twice = asked("eval"), asked("eval-both-sides")
    identical = [query for query in once if query[0] in query[2]]
    assert len(identical) == 1
    assert sorted(twice + identical) == sorted(once + once)


def test_counts_and_exclusions(part: EvalPart) -> None:
    queries = part.query_set
    assert len(part.gallery) == 4658
    assert len(queries) in {count for count, _ in CEILING.values()}
    assert set(map(len, queries.targets)) == set(map(len, queries.excluded)) == {1}


def test_a_perfect_ranking_reaches_the_ceiling_and_no_more(part: EvalPart) -> None:
    place = {image: row for row, image in enumerate(part.gallery)}
    table = torch.zeros(len(part.queries), len(part.gallery))
    for row, query in enumerate(part.queries):
        table[row, place[part.truth[query.id].targets[0]]] = 1
    perfect = search(lambda q, g: table[q][:, g], part.query_set, part.gallery)
    metrics = measure(perfect, METRICS).metrics
    asked, possible = next(pair for pair in CEILING.values() if pair[0] == len(part.queries))
    assert metrics == pytest.approx(dict.fromkeys(METRICS, 100 * possible / asked), abs=1e-9)


def test_a_constant_scorer_is_exactly_at_chance(part: EvalPart) -> None:
    ranking = ranked(part, torch.ones(len(part.queries), 1), torch.ones(len(part.gallery), 1))
    metrics = measure(ranking, METRICS).metrics
    hittable = sum(query.reference not in part.truth[query.id].targets for query in part.queries)
    for k in (1, 10, 50):
        assert metrics[f"R@{k}"] == pytest.approx(100 * k / 4657 * hittable / len(part.queries), abs=1e-9)


def test_a_random_embedding_is_at_chance(part: EvalPart) -> None:
    ranking = ranked(part, *random_sides(part))
    metrics = measure(ranking, METRICS).metrics
    for k in (1, 10, 50):
        chance = chance_level(ranking, k)
        assert chance.mean == pytest.approx(protocol("shoes/eval").expected.chance[f"R@{k}"], rel=0.005)
        assert abs(metrics[f"R@{k}"] - chance.mean) < 3 * chance.sd
