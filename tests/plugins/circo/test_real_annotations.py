"""The published counts, chance levels and the perfect ranking, held against the real annotation files.

COCO's own list of images is not needed: the gallery of `real` is as large, and has every image that the queries name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.chance import chance_level, random_sides
from support.protocols import protocol
from torch import Tensor

from cir_bench.errors import DataError
from cir_bench.evaluation.chance import constant_ranking
from cir_bench.evaluation.measure import measure
from cir_bench.interfaces.levels import Needs
from cir_bench.protocols.build import eval_set
from cir_bench.protocols.check import check_protocol
from cir_bench.protocols.eval_set import EvalPart
from cir_bench.protocols.templates import word_template_of
from cir_bench.retrieval.ranking import Ranking
from cir_bench.retrieval.scorer import DotScorer
from cir_bench.retrieval.search import search
from cir_bench_circo.dataset import CIRCO

pytestmark = pytest.mark.shared
CUT_OFFS = (5, 10, 25, 50)


@pytest.fixture(scope="module")
def annotated(shared: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads((shared / "val.json").read_text())
    return records


@pytest.fixture(scope="module")
def val(real: CIRCO) -> EvalPart:
    return eval_set(real, protocol("circo/val")).parts[""]


def ranked(part: EvalPart, queries: Tensor, gallery: Tensor) -> Ranking:
    return search(DotScorer(queries, gallery), part.query_set, part.gallery)


@pytest.fixture(scope="module")
def at_random(val: EvalPart) -> Ranking:
    return ranked(val, *random_sides(val, width=16))


@pytest.mark.parametrize("name", ["val@1", "test@1", "val-concept@1", "test-concept@1"])
def test_every_protocols_expected_facts_hold(name: str, real: CIRCO) -> None:
    assert protocol(f"circo/{name}").expected.n_gallery == {"": 123403}
    assert check_protocol(real, protocol(f"circo/{name}")).problems == ()


def test_the_reference_stays_in_the_ranking_and_the_own_target_is_first(
    val: EvalPart, annotated: list[dict[str, Any]]
) -> None:
    assert set(val.query_set.excluded) == {()}
    for query, record in zip(val.queries, annotated, strict=True):
        targets = val.truth[query.id].targets
        assert targets[0] == str(record["target_img_id"])
        assert sorted(targets) == sorted(map(str, record["gt_img_ids"]))


def test_the_concept_is_in_the_query_text_and_in_nothing_else(
    real: CIRCO, val: EvalPart, annotated: list[dict[str, Any]]
) -> None:
    part = eval_set(real, protocol("circo/val-concept")).parts[""]
    for query, plain, record in zip(part.queries, val.queries, annotated, strict=True):
        assert query.texts == (f"find {record['shared_concept']} but {record['relative_caption']}",)
        assert plain.texts == (record["relative_caption"],)
    assert (part.truth, part.gallery) == (val.truth, val.gallery)
    found = word_template_of(protocol("circo/val-concept").templates, Needs(pseudo_words=True))
    assert found is not None
    assert found.template == "a photo of $ , {text}"
    words = eval_set(real, protocol("circo/val-concept"), sentence=found.sentence).parts[""]
    for query, record in zip(words.queries, annotated, strict=True):
        assert query.texts == (f"{record['shared_concept']} that {record['relative_caption']}",)


def test_every_query_of_val_has_semantic_aspects(val: EvalPart) -> None:
    tags = [tag for query in val.queries for tag in query.tags]
    assert all(query.tags for query in val.queries)
    assert (len(set(tags)), tags.count("cardinality"), tags.count("negation")) == (9, 37, 21)


@pytest.mark.parametrize("k", CUT_OFFS)
def test_a_random_embedding_is_at_chance(k: int, at_random: Ranking) -> None:
    chance = chance_level(at_random, k)
    assert abs(measure(at_random, [f"R@{k}"]).metrics[f"R@{k}"] - chance.mean) < 3 * chance.sd
    alone = chance_level(at_random.for_targets(at_random.queries.first_targets), k)
    assert alone.mean == pytest.approx(100 * k / 123403)
    assert abs(measure(at_random, [f"R_target@{k}"]).metrics[f"R_target@{k}"] - alone.mean) < 3 * alone.sd


def test_a_constant_scorer_is_exactly_at_chance(val: EvalPart) -> None:
    metrics = protocol("circo/val").metrics
    tied = ranked(val, torch.ones(len(val.queries), 1), torch.ones(len(val.gallery), 1))
    exact = measure(constant_ranking(val.query_set, val.gallery), metrics).metrics
    assert measure(tied, metrics).metrics == pytest.approx(exact, rel=1e-9)
    assert exact["R_target@50"] == pytest.approx(100 * 50 / 123403)
    assert 0 < exact["mAP@5"] < 0.01


def test_a_perfect_ranking_is_at_100_and_with_its_own_target_last_the_recall_of_it_is_not(
    val: EvalPart, annotated: list[dict[str, Any]]
) -> None:
    row_of = {image: row for row, image in enumerate(val.gallery)}
    gallery = torch.zeros(len(val.gallery), len(val.queries))
    for column, query in enumerate(val.queries):
        for place, target in enumerate(val.truth[query.id].targets):
            gallery[row_of[target], column] = 1 + place  # the own target is the least of them
    perfect = ranked(val, torch.eye(len(val.queries)), gallery)
    measured = measure(perfect, protocol("circo/val").metrics).metrics
    for k in CUT_OFFS:
        within = sum(len(record["gt_img_ids"]) <= k for record in annotated)
        assert measured[f"mAP@{k}"] == pytest.approx(100)
        assert measured[f"R_target@{k}"] == pytest.approx(100 * within / 220)


def test_a_seeded_ranking_agrees_with_plain_lists(val: EvalPart, annotated: list[dict[str, Any]]) -> None:
    generator = np.random.default_rng(0)
    table = generator.standard_normal((len(val.queries), len(val.gallery)), dtype=np.float32)
    row_of = {image: row for row, image in enumerate(val.gallery)}
    for query, record in enumerate(annotated):
        for image in record["gt_img_ids"]:
            table[query, row_of[str(image)]] += 3.5  # near the top, so that there is something to measure
    scores = torch.from_numpy(table)
    made = search(lambda q, g: scores[q][:, g], val.query_set, val.gallery)
    expected: dict[str, float] = dict.fromkeys(protocol("circo/val").metrics, 0.0)
    for record, row in zip(annotated, table, strict=True):
        best = [int(val.gallery[place]) for place in np.argsort(-row)[:50]]
        for k in CUT_OFFS:
            right = [image in record["gt_img_ids"] for image in best[:k]]
            precisions = [sum(right[: i + 1]) / (i + 1) for i in range(k) if right[i]]
            expected[f"mAP@{k}"] += 100 / 220 * sum(precisions) / min(len(record["gt_img_ids"]), k)
            expected[f"R_target@{k}"] += 100 / 220 * (record["target_img_id"] in best[:k])
    assert measure(made, protocol("circo/val").metrics).metrics == pytest.approx(expected, abs=1e-9)
    assert expected["mAP@50"] > 10 and expected["R_target@50"] > 10


def test_a_hidden_test_set_gives_no_numbers(real: CIRCO) -> None:
    hidden = eval_set(real, protocol("circo/test"))
    assert hidden.hidden
    assert [query.id for query in hidden.parts[""].queries] == [str(number) for number in range(800)]
    constant = constant_ranking(hidden.parts[""].query_set, hidden.parts[""].gallery)
    with pytest.raises(DataError, match="a hidden test set is scored by its own server"):
        measure(constant, protocol("circo/test").metrics)
