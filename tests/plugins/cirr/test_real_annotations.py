"""The published counts, chance levels and ceilings, held against the real annotation files."""

from __future__ import annotations

import heapq
import json
from typing import Any

import pytest
import torch
from support.chance import chance_level, random_sides
from support.protocols import protocol
from torch import Tensor

from cir_bench.errors import DataError
from cir_bench.evaluation.measure import measure
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.protocols.check import check_protocol
from cir_bench.protocols.eval_set import EvalPart
from cir_bench.protocols.find import find_benchmark
from cir_bench.retrieval.ranking import PartRankings
from cir_bench.retrieval.scorer import DotScorer, ScoreChunk
from cir_bench.retrieval.search import search
from cir_bench.retrieval.subsets import search_subsets
from cir_bench_cirr.dataset import CIRR

pytestmark = pytest.mark.shared
PROTOCOLS = list(find_benchmark("cirr", builtin_benchmarks()).benchmark.protocols)


@pytest.fixture(scope="module")
def annotated(real: CIRR) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads((real.root / "captions" / "cap.rc2.val.json").read_text())
    return records


@pytest.fixture(scope="module")
def val(real: CIRR) -> EvalPart:
    return eval_set(real, protocol("cirr/val")).parts[""]


@pytest.fixture(scope="module")
def soft(real: CIRR) -> EvalPart:
    return eval_set(real, protocol("cirr/val-soft")).parts[""]


def ranked(part: EvalPart, scorer: ScoreChunk) -> PartRankings:
    asked = part.query_set
    return PartRankings(
        search(scorer, asked, part.gallery), search_subsets(scorer, asked, part.gallery, part.subsets())
    )


def by_table(table: Tensor) -> ScoreChunk:
    """Scores [Q, N] as they are."""
    return lambda queries, gallery: table[queries][:, gallery]


@pytest.fixture(scope="module")
def at_random(val: EvalPart) -> PartRankings:
    return ranked(val, DotScorer(*random_sides(val)))


def scored(part: EvalPart, wanted: list[dict[str, float]]) -> PartRankings:
    """Each gallery image scores as ``wanted`` of the query, and everything else 0."""
    row_of = {image: row for row, image in enumerate(part.gallery)}
    table = torch.zeros(len(part.queries), len(part.gallery))
    for row, values in enumerate(wanted):
        for image, value in values.items():
            table[row, row_of[image]] = value
    return ranked(part, by_table(table))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocols_expected_facts_hold(name: str, real: CIRR) -> None:
    expected = protocol(f"cirr/{name}").expected
    assert expected.n_train == 28225 and expected.n_queries and expected.n_gallery
    assert check_protocol(real, protocol(f"cirr/{name}")).problems == ()


def test_the_train_split_has_16939_images_and_every_triplets_are_among_them(real: CIRR) -> None:
    images = set(real.gallery("train"))
    assert len(images) == 16939
    assert all({triplet.reference, triplet.target} <= images for triplet in real.train())


def test_the_gallery_is_more_than_the_references(val: EvalPart) -> None:
    references = {query.reference for query in val.queries}
    assert len(val.gallery) == 2297
    targets = {known.targets[0] for known in val.truth.values()}
    assert len(targets - references) == 100


@pytest.mark.parametrize("name", ["val", "test1"])
def test_every_subset_has_five_candidates_and_never_the_reference(name: str, real: CIRR) -> None:
    part = eval_set(real, protocol(f"cirr/{name}")).parts[""]
    for query in part.queries:
        known = part.truth[query.id]
        assert known.excluded == (query.reference,)
        assert len(set(known.subset)) == 5 and query.reference not in known.subset
        assert set(known.targets) <= set(known.subset)


def test_query_ids_are_pairids(val: EvalPart, annotated: list[dict[str, Any]]) -> None:
    assert [query.id for query in val.queries] == [str(record["pairid"]) for record in annotated]
    assert val.queries[0].id == "12060"


@pytest.mark.parametrize("k", [1, 5, 10, 50])
def test_a_random_embedding_is_at_chance_among_all_images(k: int, at_random: PartRankings) -> None:
    chance = chance_level(at_random.gallery, k)
    assert chance.mean == pytest.approx(100 * k / 2296)
    assert abs(measure(at_random, [f"R@{k}"]).metrics[f"R@{k}"] - chance.mean) < 3 * chance.sd


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_random_embedding_is_at_chance_in_the_subsets(k: int, at_random: PartRankings) -> None:
    assert at_random.subset is not None
    chance = chance_level(at_random.subset, k)
    assert chance.mean == pytest.approx(20 * k)
    assert abs(measure(at_random, [f"R_subset@{k}"]).metrics[f"R_subset@{k}"] - chance.mean) < 3 * chance.sd


def test_a_constant_scorer_is_exactly_at_chance(val: EvalPart) -> None:
    constant = ranked(val, DotScorer(torch.ones(len(val.queries), 1), torch.ones(len(val.gallery), 1)))
    metrics = measure(constant, protocol("cirr/val").metrics).metrics
    assert metrics == pytest.approx(
        {f"R@{k}": 100 * k / 2296 for k in (1, 5, 10, 50)} | {f"R_subset@{k}": 20 * k for k in (1, 2, 3)}
    )


def test_a_perfect_ranking_is_at_100(val: EvalPart) -> None:
    wanted = [{val.truth[query.id].targets[0]: 1.0} for query in val.queries]
    chosen = protocol("cirr/val")
    result = measure(scored(val, wanted), chosen.metrics, headline=chosen.headline.mean_of)
    assert result.metrics == pytest.approx(dict.fromkeys(chosen.metrics, 100))
    assert result.headline == pytest.approx(100)


def test_the_reference_cannot_be_hit_even_when_it_scores_best(val: EvalPart) -> None:
    wanted = [{query.reference: 2.0, val.truth[query.id].targets[0]: 1.0} for query in val.queries]
    metrics = measure(scored(val, wanted), ["R@1", "R_subset@1"]).metrics
    assert metrics == pytest.approx({"R@1": 100, "R_subset@1": 100})


def test_37_targets_have_no_grade_where_the_reference_has_one(annotated: list[dict[str, Any]]) -> None:
    ungraded = [record for record in annotated if record["target_hard"] not in record["target_soft"]]
    assert len(ungraded) == 37
    assert [record for record in annotated if record["reference"] in record["target_soft"]] == ungraded


def test_ranking_the_hard_targets_first_is_not_the_best_that_soft_metrics_know(
    soft: EvalPart, annotated: list[dict[str, Any]]
) -> None:
    hard = [{record["target_hard"]: 1.0} for record in annotated]
    expected = sum(max(0.0, record["target_soft"].get(record["target_hard"], 0.0)) for record in annotated)
    assert expected == pytest.approx(4181 - 37 - 3 - 0.8 - 0.5)
    measured = measure(scored(soft, hard), ["R_soft@1"]).metrics["R_soft@1"]
    assert measured == pytest.approx(100 * expected / 4181, abs=1e-9)


def test_the_soft_ceiling_counts_what_is_left_without_the_reference(
    soft: EvalPart, annotated: list[dict[str, Any]]
) -> None:
    left = [
        {image: value for image, value in record["target_soft"].items() if image != record["reference"]}
        for record in annotated
    ]
    ceiling = sum(max(0.0, *values.values()) if values else 0.0 for values in left)
    assert ceiling == pytest.approx(4177)  # of 4181: three queries have nothing above 0, two no more than 0.5
    measured = measure(scored(soft, left), ["R_soft@1", "R_soft@50"]).metrics
    assert measured == pytest.approx(dict.fromkeys(measured, 100 * ceiling / 4181), abs=1e-9)


def test_soft_recall_of_a_random_ranking_agrees_with_plain_lists(
    soft: EvalPart, annotated: list[dict[str, Any]], real: CIRR
) -> None:
    generator = torch.Generator().manual_seed(1)
    scores = torch.stack([torch.randperm(2297, generator=generator) for _ in annotated]).float()
    made = ranked(soft, by_table(scores))
    names = list(json.loads((real.root / "image_splits" / "split.rc2.val.json").read_text()))
    values: dict[str, float] = dict.fromkeys(protocol("cirr/val-soft").metrics, 0.0)
    for record, row in zip(annotated, scores.tolist(), strict=True):
        score = dict(zip(names, row, strict=True))
        del score[record["reference"]]
        whole = heapq.nlargest(50, score, key=score.__getitem__)
        members = sorted(score.keys() & record["img_set"]["members"], key=score.__getitem__, reverse=True)
        for metric in values:
            base, _, k = metric.partition("@")
            best = 0.0
            for name in (members if base == "R_soft_subset" else whole)[: int(k)]:
                best = max(best, record["target_soft"].get(name, 0.0))
            values[metric] += 100 * best / len(annotated)
    assert measure(made, protocol("cirr/val-soft").metrics).metrics == pytest.approx(values, abs=1e-9)


def test_a_hidden_test_set_gives_no_numbers(real: CIRR) -> None:
    hidden = eval_set(real, protocol("cirr/test1"))
    part = hidden.parts[""]
    assert hidden.hidden and hidden.n_queries == {"": 4148}
    made = ranked(part, DotScorer(torch.ones(4148, 1), torch.ones(2315, 1)))
    with pytest.raises(DataError, match="a hidden test set is scored by its own server"):
        measure(made, ["R@1"])
    assert {len(top) for top in made.gallery.top_ids} == {50}
    assert made.subset is not None and {len(top) for top in made.subset.top_ids} == {5}
