"""The published counts and chance levels, held against the real annotation files."""

from __future__ import annotations

import pytest
from support.chance import chance_level, random_sides
from support.protocols import protocol

from cir_bench.evaluation.measure import measure
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.protocols.check import check_protocol
from cir_bench.protocols.eval_set import EvalSet
from cir_bench.protocols.find import find_benchmark
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search
from cir_bench_fashioniq.dataset import FashionIQ

pytestmark = pytest.mark.shared
PROTOCOLS = list(find_benchmark("fashioniq", builtin_benchmarks()).benchmark.protocols)


def test_train_has_18000_triplets(real: FashionIQ) -> None:
    parts = [triplet.part for triplet in real.train()]
    assert [parts.count(part) for part in real.parts] == [5985, 5988, 6027]


@pytest.mark.parametrize(
    ("name", "galleries", "excluded"),
    [("original@1", (3817, 6346, 5373), 0), ("val-union@1", (2628, 3089, 2902), 1)],
)
def test_the_protocols_of_the_literature(name: str, galleries: tuple[int, ...], excluded: int, real: FashionIQ) -> None:
    made = eval_set(real, protocol(f"fashioniq/{name}"))
    assert tuple(made.n_queries.values()) == (2017, 2038, 1961)
    assert tuple(made.n_gallery.values()) == galleries
    for part in made.parts.values():
        assert set(map(len, part.query_set.targets)) == {1}
        assert set(map(len, part.query_set.excluded)) == {excluded}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocols_expected_facts_hold(name: str, real: FashionIQ) -> None:
    if protocol(f"fashioniq/{name}").text.spelling and not (real.root.parent / "image_captions" / "fashioniq").is_dir():
        pytest.skip("the spelling dictionaries are not part of FashionIQ")
    assert check_protocol(real, protocol(f"fashioniq/{name}")).problems == ()


def test_original_joins_the_captions_as_clip4cir_does(real: FashionIQ) -> None:
    dress = eval_set(real, protocol("fashioniq/original")).parts["dress"].queries
    assert dress[0].id == "dress-0"
    assert dress[0].texts == ("Is shiny and silver with shorter sleeves and fit and flare",)


def test_three_empty_captions_are_dropped_where_each_is_a_query(real: FashionIQ) -> None:
    each = eval_set(real, protocol("fashioniq/val-each-caption"))
    assert tuple(each.n_queries.values()) == (2 * 2017, 2 * 2038 - 1, 2 * 1961 - 2)


@pytest.fixture(scope="module")
def original(real: FashionIQ) -> EvalSet:
    return eval_set(real, protocol("fashioniq/original"))


@pytest.fixture(scope="module")
def at_random(original: EvalSet) -> dict[str, Ranking]:
    parts = original.parts.items()
    return {name: search(DotScorer(*random_sides(part)), part.query_set, part.gallery) for name, part in parts}


@pytest.mark.parametrize("k", [10, 50])
def test_a_random_embedding_is_at_chance(k: int, original: EvalSet, at_random: dict[str, Ranking]) -> None:
    published = protocol("fashioniq/original").expected.chance
    result = measure(at_random, [f"R@{k}"])
    for name, ranking in at_random.items():
        chance = chance_level(ranking, k)
        assert chance.mean == pytest.approx(published[f"{name}/R@{k}"], rel=0.005)
        assert abs(result.metrics[f"{name}/R@{k}"] - chance.mean) < 3 * chance.sd
